//! Requests by mail, and the passwords that they bring.

use sekisho_channel::admin::{OriginalRequest, RequestState};
use sekisho_job::{HoldReason, Job};
use sekisho_safe_message::{MailId, SafeLine, SafeMessage};
use sekisho_store::StoreError;

use super::passwords::candidates;
use super::{REQUESTS_MAX, lock};
use crate::book::Note;
use crate::clock::now_ms;
use crate::dispatch::Dispatch;
use crate::meta::{Meta, item_id};
use crate::original::answer::Answer;
use crate::original::petition::{self, Declined, Incoming, Known, Lookups, Petition};
use crate::record::Record;
use crate::settle::{Amended, amend};

impl Dispatch {
    /// Serves a mail to the request address.
    pub(crate) async fn petition(&self, job: &Job, message: &SafeMessage) -> Result<(), StoreError> {
        let incoming = Incoming {
            id: job.id,
            from: job.envelope.from(),
            subject: &message.headers().subject,
            text: message.text(),
            automatic: message.headers().auto_submitted.is_some(),
        };
        let lookups = Lookups { known: |id| self.known(id), candidates };
        let read = {
            let mut rate = lock(&self.desk.rate);
            petition::read(incoming, &self.desk.tokens, &mut rate, now_ms(), lookups)
        };
        match read {
            Ok(petition) => self.petitioned(petition).await,
            Err(Declined { why, told }) => {
                tracing::warn!(event = "original.declined", id = %job.id, reason = why.code());
                let from = job.envelope.from().map_or_else(|| "mail:<>".to_owned(), |from| format!("mail:{from}"));
                let note = Note::of(&from, "request", "", now_ms()).result(why.code());
                let about = told.as_ref().map_or(job.id, |(id, ..)| *id);
                self.store.append(vec![note.entry(Some(about))]).await?;
                if let Some((id, to, answer)) = told {
                    self.tell_requester(answer, id, self.subject_of(id), &to).await;
                }
                Ok(())
            }
        }
    }

    fn known(&self, id: MailId) -> Option<Known> {
        let view = self.store.get(item_id(id)).ok()??;
        let meta = Meta::decode(&view.meta)?;
        let pending = meta.book.requests.iter().filter(|request| request.state == RequestState::Pending);
        Some(Known {
            recipients: meta.envelope.to().iter().chain(&meta.served).cloned().collect(),
            original: view.body == sekisho_store::BodyFate::Keep,
            pending: pending.flat_map(|request| request.to.clone()).collect(),
        })
    }

    fn subject_of(&self, id: MailId) -> Option<SafeLine> {
        let view = self.store.get(item_id(id)).ok()??;
        Some(Record::decode(view.record.as_deref()?)?.report.source.subject)
    }

    /// Notes a request that counts, and tries the password that came with it.
    async fn petitioned(&self, petition: Petition) -> Result<(), StoreError> {
        let now = now_ms();
        let who = petition.who();
        let lease = self.store.lease(item_id(petition.id))?;
        let Some(mut meta) = Meta::decode(lease.meta()) else { return Ok(()) };
        if meta.book.requests.len() >= REQUESTS_MAX {
            return Ok(());
        }
        let note = Note::of(who.as_str(), "request", petition.why.as_str(), now).result("pending");
        let number = u32::try_from(meta.book.requests.len()).unwrap_or(u32::MAX).saturating_add(1);
        let note = note.detail("request", &number.to_string());
        meta.book.requests.push(OriginalRequest {
            number,
            to: vec![petition.requester.clone()],
            form: self.desk.form(),
            state: RequestState::Pending,
            asked: note.act.clone(),
            decided: None,
            attempts: 0,
            reply: None,
        });
        meta.book.add(note.act.clone());
        let (entries, expires_ms) = (vec![note.entry(Some(petition.id))], lease.view().expires_ms);
        let waits_for_password = lease.view().label == HoldReason::EncryptedFile.code();
        let subject = self.subject_of(petition.id);
        amend(lease, Amended { meta, entries, expires_ms }, now).await?;
        tracing::info!(event = "original.requested", id = %petition.id, by = "mail");
        self.tell_requester(Answer::Received, petition.id, subject, &petition.requester).await;
        if waits_for_password && !petition.secrets.is_empty() {
            let note = Note::of(who.as_str(), "password", petition.why.as_str(), now);
            self.open_held(item_id(petition.id), petition.secrets, note).await?;
        }
        Ok(())
    }
}
