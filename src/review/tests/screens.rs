//! The screen as text, compared with files; `SEKISHO_BLESS=1` writes them anew.

use std::path::Path;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sekisho_channel::admin::{Act, OriginalForm, OriginalRequest, RequestState};
use sekisho_job::HoldReason;
use sekisho_safe_message::Language;

use super::super::{Key, draw};
use super::{Desk, NOW, line, mails};

/// What a terminal would show.
pub(super) fn text(desk: &Desk) -> String {
    let (width, height) = desk.state.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(&desk.state, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..height {
        let mut x = 0;
        let mut row = String::new();
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            row.push_str(symbol);
            let wide = unicode_width::UnicodeWidthStr::width(symbol).max(1);
            x += u16::try_from(wide).unwrap();
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

fn desk(language: Language, size: (u16, u16)) -> Desk {
    let mut all = vec![
        mails::held(
            1,
            "yamada.hanako@example.co.jp",
            "zeimu@city.example.jp",
            "申請書類（パスワード付き）の送付について",
            HoldReason::EncryptedFile,
        ),
        mails::kept(
            2,
            "ｔaro@example.com".replace('ｔ', "t").as_str(),
            "kikaku@city.example.jp",
            "ﾊﾝｶｸｶﾅの①㈱髙﨑商店 御見積書 令和8年度 第2四半期分および添付資料一式のご確認のお願い",
        ),
        mails::held(
            3,
            "info@very-long-subdomain.of-a-company.example.org",
            "soumu@city.example.jp",
            "👪 家族 🇯🇵 か\u{3099}き\u{3099} 会議",
            HoldReason::AmbiguousStructure,
        ),
        mails::kept(4, "suzuki@example.net", "koho@city.example.jp", "写真をお送りします"),
    ];
    let act = |what: &str, why: &str| Act {
        who: line("sato"),
        at_ms: NOW + 60_000,
        what: line(what),
        why: line(why),
        result: line("pending"),
    };
    let to = all[3].item.to.clone();
    all[3].kept.legal_hold = true;
    all[3].kept.acts.push(act("request", "窓口で確認のため"));
    all[3].kept.requests.push(OriginalRequest {
        number: 1,
        to,
        form: OriginalForm::Zip,
        state: RequestState::Pending,
        asked: act("request", "窓口で確認のため"),
        decided: None,
        attempts: 0,
        reply: None,
    });
    all[3].text = "お世話になっております。\n写真をお送りします。ﾊﾝｶｸ ①㈱髙\n\n".repeat(12);
    Desk::new(language, size, all)
}

#[track_caller]
fn same(name: &str, desk: &Desk) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/review/tests/screens").join(format!("{name}.txt"));
    let shown = text(desk);
    if std::env::var_os("SEKISHO_BLESS").is_some() {
        std::fs::write(&path, &shown).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(shown == wanted, "{name} is not as in {}:\n{shown}", path.display());
}

#[test]
fn screens_are_as_in_the_files() {
    for (language, code) in [(Language::Ja, "ja"), (Language::En, "en")] {
        for (width, height) in [(80, 24), (120, 40)] {
            let name = |what: &str| format!("{what}-{code}-{width}x{height}");
            let mut desk = desk(language, (width, height));
            desk.press(&[Key::Char(' ')]);
            same(&name("list"), &desk);
            desk.press(&[Key::Char('k'), Key::Enter]);
            same(&name("detail"), &desk);
            desk.press(&[Key::Char('p')]);
            same(&name("preview"), &desk);
            desk.press(&[Key::Char('r')]);
            same(&name("release"), &desk);
            desk.press(&[Key::Escape, Key::Char('a')]);
            same(&name("approve"), &desk);
            desk.press(&[Key::Escape, Key::Escape, Key::Escape, Key::Char('?')]);
            same(&name("help"), &desk);
        }
    }
}

/// Every row of the list ends in the same column, whatever is written in it.
#[test]
fn columns_stand_in_line() {
    for size in [(80, 24), (120, 40), (64, 19)] {
        let desk = desk(Language::Ja, size);
        let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        terminal.draw(|frame| draw::draw(&desk.state, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let layout = desk.state.layout();
        // The size column ends in "KB" for each of these mails.
        let at = layout.list.width - 4;
        for row in 0..4 {
            let y = layout.list.y + 1 + row;
            let size = [buffer[(at - 1, y)].symbol(), buffer[(at, y)].symbol()].concat();
            assert_eq!(size, "KB", "row {row} at {size:?}");
        }
    }
}
