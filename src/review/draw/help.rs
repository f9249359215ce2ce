//! The keys that work now, in one line, and all of them on a page.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sekisho_channel::admin::{RequestState, Role};
use unicode_width::UnicodeWidthStr;

use super::super::state::{State, View};
use super::{Pen, dialog};
use crate::screen::Tone;

/// The last line of the screen; what does not fit is on the page behind `?`.
pub(super) fn line(state: &State, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let mut text = String::from(" ");
    let end = if state.form.is_some() || state.front.is_some() || state.notice.is_some() {
        ""
    } else {
        state.t("?:説明", "?:help")
    };
    let room = usize::from(area.width).saturating_sub(end.width() + 1);
    for (key, ja, en) in keys(state) {
        let next = format!("{key}:{}  ", state.t(ja, en));
        if text.width() + next.width() > room {
            break;
        }
        text.push_str(&next);
    }
    text.push_str(end);
    pen.text(buffer, area, area.height - 1, Tone::Head, &text);
}

type Named = (&'static str, &'static str, &'static str);

/// Keys that do something now.
fn keys(state: &State) -> Vec<Named> {
    if state.front.is_some() {
        return vec![("Esc", "待つのをやめる", "do not wait")];
    }
    if state.notice.is_some() {
        return vec![("Enter", "閉じる", "close")];
    }
    if let Some(form) = &state.form {
        return match form.buttons.is_empty() {
            true => vec![("Enter", "決定", "go"), ("Esc", "やめる", "cancel")],
            false => vec![
                ("Tab/↑↓", "移動", "move"),
                ("←→/Space", "選ぶ", "choose"),
                ("Enter", "次へ・押す", "next, press"),
                ("Esc", "やめる", "cancel"),
            ],
        };
    }
    let reviewer: &[Named] = match state.may(Role::Reviewer) {
        true => &[("r", "解放", "release"), ("d", "削除", "delete"), ("o", "原本申請", "original")],
        false => &[],
    };
    let approver: &[Named] = match state.may(Role::Approver) {
        true => &[("a", "承認", "approve"), ("x", "却下", "reject")],
        false => &[],
    };
    let (front, back): (&[Named], &[Named]) = match state.view {
        View::List => (
            &[("Enter", "内容", "details"), ("p", "本文", "text"), ("Space", "印", "mark"), ("/", "絞込", "filter")],
            &[("q", "終了", "quit")],
        ),
        View::Detail => (
            &[("Esc", "戻る", "back"), ("←→", "前後", "mails"), ("p", "本文", "text")],
            &[("h", "法的保全", "legal hold")],
        ),
        View::Preview => (
            &[("Esc", "戻る", "back"), ("F", "保存", "files"), ("w", "パスワード", "password")],
            &[("h", "法的保全", "legal hold")],
        ),
    };
    // Where a request waits, deciding about it comes first.
    let kept = state.known().and_then(|known| known.kept.as_ref());
    let waits = kept.is_some_and(|kept| kept.requests.iter().any(|request| request.state == RequestState::Pending));
    let (first, last) = if waits { (approver, reviewer) } else { (reviewer, approver) };
    front.iter().chain(first).chain(last).chain(back).copied().collect()
}

/// Everything, on a page of its own.
pub(super) fn page(state: &State, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let ja = [
        "j k ↑ ↓ PgUp PgDn g G   移動（g 先頭、G 末尾）",
        "Enter 内容   p 本文（隔離環境で無害化したもの）   Esc 戻る   q 終了",
        "Space 印   * 絞り込んだ全部に印   u 印を消す   Tab 次の一覧   R 読み直し",
        "r 解放（無害化し直して届ける）  d 原本を削除  h 法的保全／解除",
        "o 原本を申請  a 申請を承認  x 申請を却下",
        "本文の画面: F ファイルを保存  w パスワードを入れて開く",
        "",
        "印があれば r と d はその全部に働きます。キー一つでは何も決まりません。",
        "必ず理由を書き、最後に「実行」を選びます。理由と名前は記録に残ります。",
        "",
        "絞り込み（/）: 空白で区切り、すべてに合うものを表示",
        "  from: to: 差出人・宛先（アドレスか @ドメイン）  domain: その一方",
        "  subject: 件名  name: ファイル名  kind: 種類（pdf など）  rule: 規則",
        "  reason: 理由の符号  hash: SHA-256  since: until: 2026-11-24、3d など",
        "  state:held,kept,all  requested:pending（承認待ち）  legal-hold",
    ];
    let en = [
        "j k ↑ ↓ PgUp PgDn g G   move (g first, G last)",
        "Enter details   p preview (made safe in a sandbox)   Esc back   q quit",
        "Space mark   * mark all of the filter   u unmark   Tab next list   R reload",
        "r release (sanitize again, deliver)  d delete the original  h legal hold on/off",
        "o ask for the original  a approve a request  x reject it",
        "in a preview: F save files  w open with a password",
        "",
        "With marks, r and d work on all that is marked. No single key decides.",
        "Every decision takes a reason and the button \"Do it\"; both go on record.",
        "",
        "Filter (/): words between blanks; all must hold",
        "  from: to: an address or @domain  domain: of either",
        "  subject: words  name: of a file  kind: pdf, ...  rule: of the policy",
        "  reason: a code  hash: SHA-256  since: until: 2026-11-24, 3d, today",
        "  state:held,kept,all  requested:pending  legal-hold",
    ];
    let lines: Vec<_> = state.t(ja, en).iter().map(|line| (Tone::Plain, (*line).to_owned())).collect();
    dialog::boxed(
        pen,
        buffer,
        area,
        state.t("キーと絞り込み（どのキーでも閉じる）", "Keys and filters (any key closes)"),
        &lines,
    );
}
