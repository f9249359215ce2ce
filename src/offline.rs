//! The gateway's own pipeline for one mail at a time, without a gateway:
//! sandboxed worker, frame, rendering, verification.

use std::io;
use std::sync::Arc;

use sekisho_inner::render::{Charset, render_in};
use sekisho_job::{Answer, HoldReason, Job, Limits, Output, Report, Rules, Verdict};
use sekisho_outer::pool::{Failure, Pool, PoolConfig, WorkError, Worked};
use sekisho_outer::{limits_of, rules_of};
use sekisho_safe_message::{Envelope, MailId, ProfileName, Sha256, Timestamp, Untrusted, frame};
use sekisho_settings::CommandSettings;
use sekisho_verify::verify;

use sekisho_channel::program::sibling;

/// What stays the same for every mail of one run.
#[derive(Clone)]
pub(crate) struct Offline {
    pool: Arc<Pool>,
    limits: Limits,
    rules: Rules,
    profile: ProfileName,
    envelope: Envelope,
    charset: Charset,
}

/// One mail made safe, or kept out.
pub(crate) struct Sanitized {
    /// The safe mail; `None` when it is held.
    pub(crate) mail: Option<Vec<u8>>,
    /// The report.
    pub(crate) report: Report,
}

impl Offline {
    /// Starts the workers.
    pub(crate) async fn start(settings: &CommandSettings, envelope: Envelope) -> io::Result<Self> {
        let config = PoolConfig::new(sibling("sekisho-worker")?, &settings.worker);
        let pool = Pool::start(config).await.map_err(io::Error::other)?;
        Ok(Self {
            pool: Arc::new(pool),
            limits: limits_of(&settings.limits),
            rules: rules_of(&settings.notice, &settings.links, &settings.authentication),
            profile: ProfileName::parse(settings.policy.profile.name()).map_err(io::Error::other)?,
            envelope,
            charset: settings.charset,
        })
    }

    /// Mails that can be read at one time.
    pub(crate) fn width(&self) -> usize {
        self.pool.width()
    }

    /// Takes one raw mail through the whole pipeline.
    pub(crate) async fn sanitize(&self, id: MailId, received: Timestamp, raw: &[u8]) -> Result<Sanitized, WorkError> {
        let job = Job {
            id,
            envelope: self.envelope.clone(),
            received,
            size: raw.len() as u64,
            limits: self.limits,
            profile: self.profile.clone(),
            rules: self.rules.clone(),
        };
        let Worked { sha256, answer } = self.pool.work(&job, raw).await?;
        Ok(match answer {
            Ok(Answer::Deliver(_, frame, report)) => finish(&frame, *report, self.charset),
            Ok(Answer::Hold(_, report)) => Sanitized { mail: None, report: *report },
            Err(Failure { reason, .. }) => held(&job, reason, sha256),
        })
    }
}

/// The LGWAN side's share: decode again, render, verify.
fn finish(bytes: &[u8], mut report: Report, charset: Charset) -> Sanitized {
    let made = frame::decode(Untrusted::new(bytes)).ok().and_then(|message| {
        let envelope = message.envelope().clone();
        verify(render_in(&message, charset).into_bytes(), envelope).ok()
    });
    match made {
        Some(mail) => {
            let bytes = mail.bytes().to_vec();
            report.output = Some(Output { sha256: Sha256::of(&bytes), size: bytes.len() as u64 });
            Sanitized { mail: Some(bytes), report }
        }
        None => {
            report.outcome = Verdict::Hold;
            report.hold_reason = Some(HoldReason::Refused);
            Sanitized { mail: None, report }
        }
    }
}

fn held(job: &Job, reason: HoldReason, sha256: Sha256) -> Sanitized {
    Sanitized { mail: None, report: Report::unread(job, reason, sha256) }
}
