//! Looking into a mail: what a sandboxed worker makes of it, or, for evidence,
//! its octets as they came.

use std::io::Read;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_channel::admin::{Form, Replies, Reply, Shown};
use sekisho_job::{Answers, HoldReason, Job, Orders};
use sekisho_policy::{Look, Policy};
use sekisho_safe_message::{MailId, SafeAttachment, SafeLine, SafeMessage, SafeName, Secret, Sha256, Untrusted, frame};
use sekisho_store::{BodyFate, StoreError};

use super::decide::patient;
use super::{Admin, Stopped, by, invalid, reasoned};
use crate::clock::now_ms;
use crate::desk::standing;
use crate::dispatch::Dispatch;
use crate::meta::{Meta, item_id};
use crate::person::Person;
use crate::pool::WorkError;
use crate::vault::Unopened;

/// Octets of one reply, before base64.
const PIECE: usize = 48 * 1024;

impl Admin {
    pub(super) async fn preview(
        &self,
        person: &Person,
        id: MailId,
        form: Form,
        secret: Option<Secret>,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        let job = self.job_of(id)?;
        let policy = Policy::for_preview(match form {
            Form::Text => Look::Text,
            Form::Files => Look::Files,
            Form::Pictures => Look::Pictures,
        });
        let orders = Orders { doubts: true, secrets: secret.into_iter().collect(), ..Orders::default() };
        let job = Job { profile: policy.profile().clone(), policy, orders, ..job };
        let note = by(person, "preview", &SafeLine::default()).result("shown");
        self.note(&note, Some(id)).await?;
        let dispatch = Arc::clone(&self.dispatch);
        let work = tokio::spawn(async move { dispatch.look(id, &job).await });
        let answers = patient(work, replies).await?.map_err(|_| invalid("internal"))?.map_err(|code| invalid(&code))?;
        let share = answers.shares().first().ok_or_else(|| invalid("internal"))?;
        let Some(message) = answers.frame(share).and_then(|octets| frame::decode(Untrusted::new(octets)).ok()) else {
            return Err(invalid(share.report.hold_reason.map_or("internal", HoldReason::code)));
        };
        self.shown(&message, form, replies).await
    }

    async fn shown(&self, message: &SafeMessage, form: Form, replies: &mut Replies) -> Result<(), Stopped> {
        replies.send(&Reply::Text { text: message.text().clone() }).await?;
        if form != Form::Text {
            for attachment in message.attachments() {
                send_file(attachment, replies).await?;
            }
        }
        Ok(replies.send(&Reply::Done).await?)
    }

    /// The original as it came, for an evidence bundle.
    pub(super) async fn original(
        &self,
        person: &Person,
        id: MailId,
        reason: &SafeLine,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        reasoned(reason)?;
        let store = &self.dispatch.store;
        let view = store.get(item_id(id))?.ok_or(StoreError::NotFound)?;
        if view.body == BodyFate::Free {
            return Err(invalid("no-original"));
        }
        let meta = Meta::decode(&view.meta).ok_or_else(|| invalid("damaged"))?;
        // Told before anything is given out.
        let note = by(person, "export", reason).result("exported");
        self.note(&note, Some(id)).await?;
        let open = || self.dispatch.open_original(&view).map_err(|why| invalid(why.code()));
        let sha256 = match view.digest {
            Some(digest) => Sha256::from_bytes(digest),
            None => digest_of(open()?).ok_or_else(|| invalid("damaged"))?,
        };
        let size = if view.seal.is_empty() { view.size } else { meta.size };
        let (Ok(name), Ok(kind)) = (SafeName::parse("original.eml".to_owned()), SafeLine::parse("eml".to_owned()))
        else {
            return Err(invalid("internal"));
        };
        replies.send(&Reply::File(Box::new(Shown { name, kind, size, sha256 }))).await?;
        let mut body = open()?;
        let mut piece = vec![0; PIECE];
        loop {
            let Ok(read) = fill(&mut body, &mut piece) else {
                let note = by(person, "export", reason).result("damaged");
                self.note(&note, Some(id)).await?;
                return Err(invalid("damaged"));
            };
            if read == 0 {
                break;
            }
            replies.send(&Reply::Octets { data: STANDARD.encode(&piece[..read]) }).await?;
        }
        Ok(replies.send(&Reply::Done).await?)
    }

    pub(super) async fn digest(&self, person: &Person, send: bool, replies: &mut Replies) -> Result<(), Stopped> {
        let standing = standing(&self.dispatch.store, &self.dispatch.plan.retention, now_ms())?;
        replies.send(&Reply::Text { text: standing.text(&self.review.digest_languages) }).await?;
        if send {
            if self.review.digest_to.is_empty() {
                return Err(invalid("no-digest-to"));
            }
            let sent = self.dispatch.send_digest(&standing).await;
            let note = by(person, "digest", &SafeLine::default()).result(if sent { "sent" } else { "not-sent" });
            self.note(&note, None).await?;
            if !sent {
                return Err(invalid("not-sent"));
            }
        }
        Ok(replies.send(&Reply::Done).await?)
    }

    /// The job of a mail that nobody needs to hold.
    fn job_of(&self, id: MailId) -> Result<Job, Stopped> {
        // A lease tells whether somebody works on it; looking may go on beside that.
        let view = self.dispatch.store.get(item_id(id))?.ok_or(StoreError::NotFound)?;
        if view.body == BodyFate::Free {
            return Err(invalid("no-original"));
        }
        self.dispatch.job_of(&view).ok_or_else(|| invalid("damaged"))
    }
}

impl Dispatch {
    /// What a worker makes of a mail, for eyes outside; nothing is handed over
    /// and nothing settled.
    ///
    /// # Errors
    /// A code.
    pub(crate) async fn look(&self, id: MailId, job: &Job) -> Result<Answers, String> {
        let view = self.store.get(item_id(id)).ok().flatten().ok_or("not-found")?;
        let body = self.open_original(&view).map_err(Unopened::code)?;
        let heard = self.pool.hear(job, body).await.map_err(|err| {
            tracing::error!(event = "worker.unavailable", %id, error = %err);
            match err {
                WorkError::Body(err) => Unopened::while_reading(&err).code(),
                WorkError::NoWorker(_) | WorkError::Zygote(_) | WorkError::Pipe(_) => "no-workers",
            }
        })?;
        heard.answers.map_err(|failure| failure.reason.code().to_owned())
    }
}

async fn send_file(attachment: &SafeAttachment, replies: &mut Replies) -> Result<(), Stopped> {
    let octets = attachment.content().write();
    let kind = SafeLine::clean(attachment.kind().extension()).value;
    let shown = Shown { name: attachment.name().clone(), kind, size: octets.len() as u64, sha256: Sha256::of(&octets) };
    replies.send(&Reply::File(Box::new(shown))).await?;
    for piece in octets.chunks(PIECE) {
        replies.send(&Reply::Octets { data: STANDARD.encode(piece) }).await?;
    }
    Ok(())
}

fn fill(body: &mut impl Read, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        match body.read(&mut piece[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn digest_of(mut body: impl Read) -> Option<Sha256> {
    use sha2::Digest;
    let mut sha256 = sha2::Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        match fill(&mut body, &mut piece).ok()? {
            0 => return Some(Sha256::from_bytes(sha256.finalize().into())),
            read => sha256.update(&piece[..read]),
        }
    }
}
