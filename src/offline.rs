//! The gateway's own pipeline for one mail at a time, without a gateway:
//! sandboxed worker, frame, rendering, verification.

use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sekisho_channel::program::sibling;
use sekisho_inner::Checker;
use sekisho_inner::render::{Charset, render_in};
use sekisho_job::{Answer, FileRules, HoldReason, Job, Limits, Orders, Output, Report, Rules, Verdict};
use sekisho_outer::pool::{Failure, Pool, PoolConfig, WorkError, Worked};
use sekisho_outer::{files_of, limits_of, rules_of};
use sekisho_policy::Policy;
use sekisho_safe_message::{Envelope, MailId, ProfileName, SafeMessage, Sha256, Timestamp, Untrusted, frame};
use sekisho_settings::{CommandSettings, SettingsErrors};

/// What stays the same for every mail of one run.
#[derive(Clone)]
pub(crate) struct Offline {
    pool: Arc<Pool>,
    limits: Limits,
    rules: Rules,
    profile: ProfileName,
    policy: Policy,
    files: FileRules,
    envelope: Envelope,
    charset: Charset,
    checker: Checker,
}

/// One mail made safe, or kept out.
pub(crate) struct Sanitized {
    /// The safe mail; `None` when it is held.
    pub(crate) mail: Option<Vec<u8>>,
    /// The report.
    pub(crate) report: Report,
}

/// The files of one mail made safe, or kept out.
pub(crate) struct Disarmed {
    /// What crosses; `None` when nothing does.
    pub(crate) message: Option<Box<SafeMessage>>,
    /// The report.
    pub(crate) report: Report,
}

/// The policy that a command was told to use, or that of the settings.
pub(crate) fn policy(profile: Option<&str>, settings: &CommandSettings) -> Result<Policy, SettingsErrors> {
    match profile {
        Some(name) => sekisho_outer::policy::built_in(name),
        None => sekisho_outer::policy::load(&settings.policy),
    }
}

impl Offline {
    /// Starts the workers.
    ///
    /// # Errors
    /// They do not start, or the policy would have this one mail be several.
    pub(crate) async fn start(settings: &CommandSettings, policy: Policy, envelope: Envelope) -> io::Result<Self> {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp::from_unix_ms_jst(u64::try_from(clock.as_millis()).unwrap_or(u64::MAX));
        if policy.groups(envelope.to(), now).map_or(true, |groups| groups.len() > 1) {
            let why =
                "the policy says other things to some of these recipients than to others: give one --to at a time";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let config = PoolConfig::new(sibling("sekisho-worker")?, &settings.worker);
        let pool = Pool::start(config).await.map_err(io::Error::other)?;
        Ok(Self {
            pool: Arc::new(pool),
            limits: limits_of(&settings.limits),
            rules: rules_of(&settings.notice, &settings.links, &settings.authentication),
            profile: policy.profile().clone(),
            policy,
            files: files_of(&settings.files),
            envelope,
            charset: settings.charset,
            checker: Checker::beside(),
        })
    }

    /// Mails that can be read at one time.
    pub(crate) fn width(&self) -> usize {
        self.pool.width()
    }

    /// Takes one raw mail through the whole pipeline.
    pub(crate) async fn sanitize(&self, id: MailId, received: Timestamp, raw: &[u8]) -> Result<Sanitized, WorkError> {
        let job = self.job(id, received, raw);
        let Worked { sha256, answer } = self.pool.work(&job, raw).await?;
        Ok(match answer {
            Ok(Answer::Deliver(_, frame, report)) => finish(frame, *report, self.charset, self.checker.clone()).await,
            Ok(Answer::Hold(_, report)) => Sanitized { mail: None, report: *report },
            Err(Failure { reason, .. }) => held(&job, reason, sha256),
        })
    }

    /// Takes one raw mail through the whole pipeline, for what crosses rather
    /// than for the mail that is made of it. That mail is verified all the same.
    pub(crate) async fn disarm(&self, id: MailId, received: Timestamp, raw: &[u8]) -> Result<Disarmed, WorkError> {
        let job = self.job(id, received, raw);
        let Worked { sha256, answer } = self.pool.work(&job, raw).await?;
        Ok(match answer {
            Ok(Answer::Deliver(message, frame, report)) => {
                match finish(frame, *report, self.charset, self.checker.clone()).await {
                    Sanitized { mail: Some(_), report } => Disarmed { message: Some(message), report },
                    Sanitized { mail: None, report } => Disarmed { message: None, report },
                }
            }
            Ok(Answer::Hold(_, report)) => Disarmed { message: None, report: *report },
            Err(Failure { reason, .. }) => Disarmed { message: None, report: Report::unread(&job, reason, sha256) },
        })
    }

    fn job(&self, id: MailId, received: Timestamp, raw: &[u8]) -> Job {
        Job {
            id,
            envelope: self.envelope.clone(),
            received,
            size: raw.len() as u64,
            limits: self.limits,
            profile: self.profile.clone(),
            rules: self.rules.clone(),
            policy: self.policy.clone(),
            files: self.files,
            orders: Orders::default(),
        }
    }
}

/// The LGWAN side's share: decode again, render, verify.
async fn finish(frame: Vec<u8>, mut report: Report, charset: Charset, checker: Checker) -> Sanitized {
    let made = tokio::task::spawn_blocking(move || {
        let message = frame::decode(Untrusted::new(&frame)).ok()?;
        let envelope = message.envelope().clone();
        checker.verify(render_in(&message, charset).into_bytes(), envelope).ok()
    });
    match made.await {
        Ok(Some(mail)) => {
            let bytes = mail.bytes().to_vec();
            report.output = Some(Output { sha256: Sha256::of(&bytes), size: bytes.len() as u64 });
            Sanitized { mail: Some(bytes), report }
        }
        Ok(None) | Err(_) => {
            report.outcome = Verdict::Hold;
            report.hold_reason = Some(HoldReason::Refused);
            Sanitized { mail: None, report }
        }
    }
}

fn held(job: &Job, reason: HoldReason, sha256: Sha256) -> Sanitized {
    Sanitized { mail: None, report: Report::unread(job, reason, sha256) }
}
