//! What is drawn, as a text; at any size and under every theme.

use super::*;
use proptest::prelude::*;

const THEMES: [Theme; 4] = [Theme::Dark, Theme::Light, Theme::HighContrast, Theme::NoColor];

/// What is seen, in the dark and with all of Unicode.
fn seen(width: u16, height: u16, paint: impl FnOnce(&mut Canvas<'_>)) -> String {
    rendered(width, height, Theme::Dark, Glyphs::Unicode, paint).text
}

fn ascii(width: u16, height: u16, paint: impl FnOnce(&mut Canvas<'_>)) -> String {
    rendered(width, height, Theme::Dark, Glyphs::Ascii, paint).text
}

/// The same with its styles, under each theme.
fn styled(width: u16, height: u16, paint: impl Fn(&mut Canvas<'_>)) -> String {
    let of = |theme: Theme| rendered(width, height, theme, Glyphs::Unicode, &paint).styled;
    THEMES.map(|theme| format!("{}\n{}", theme.name(), of(theme))).join("\n")
}

fn value(text: &str) -> Text {
    Text::new().value(text)
}

/// A headline, two panels side by side, and a list: all that is not a plot.
fn panels(canvas: &mut Canvas<'_>) {
    let (head, rest) = canvas.area().split_top(1);
    let verdict = Text::new().badge(Role::BadgeGood, "● FINE").value(" 94/100");
    let right = Text::new().badge(Role::BadgeNeutral, "LIVE").value(" 09:41:07");
    canvas.put_both(head, &verdict, &right);
    let (upper, list) = rest.split_top(4);
    let (left, right) = upper.split_left(20);
    canvas.rule(left, &value("Counts"), &Text::new(), false);
    canvas.rule(right, &value("Health"), &Text::new().label("12 s ago"), false);
    canvas.divider(right);
    let figure = |name: &str, number: &str| Text::new().label(" ").padded(Role::Label, name, 9).value(number);
    canvas.put(left.row(1), &figure("Valid", "1,863"));
    canvas.put(left.row(2), &figure("Invalid", "3"));
    let words = right.split_left(2).1;
    canvas.put(words.row(1), &Text::new().label("Success  ").and(Role::Strong, "99.84 %").and(Role::Good, "  ● GOOD"));
    canvas.put(words.row(2), &Text::new().label("Errors   ").and(Role::Warn, "▲ RECENT").and(Role::Muted, " 3m"));
    canvas
        .put(words.row(3), &Text::new().label("State    ").and(Role::Bad, "■ GAP").value(" ").and(Role::Hit, "match"));
    canvas.rule(list, &value("Rows").badge(Role::BadgeBad, "BAD"), &Text::new().label("following"), true);
    let row =
        |at: &str| Text::new().label(at).and(Role::Bad, " BAD ").value("orders/1@505 and what is too long for the row");
    let json = Text::new().and(Role::JsonKey, "\"total\"").value(": ").and(Role::JsonNumber, "16.5");
    for (index, area) in list.rows().skip(1).take(3).enumerate() {
        canvas.row(area, index == 1, &row("09:41:01"), &Text::new().and(Role::Strong, "€14.02"));
    }
    canvas.put(list.row(4), &json);
}

#[test]
fn panels_under_each_theme() {
    insta::assert_snapshot!(seen(48, 10, panels));
    insta::assert_snapshot!(styled(48, 10, panels));
    insta::assert_snapshot!(ascii(48, 10, panels));
}

fn bars() -> Bars {
    let mut values = vec![None, Some(0.0), Some(0.001), Some(0.25), None, Some(f64::NAN), Some(-1.0)];
    values.extend((0..=16).map(|step| Some(f64::from(step) / 16.0)));
    values.push(Some(7.0));
    let mark = |at: f64, word: &str| Mark { at, word: word.to_owned() };
    let below = |at: usize, word: &str| Mark { at, word: word.to_owned() };
    Bars {
        values,
        top: 1.0,
        label_columns: 3,
        y_marks: vec![mark(1.0, "1.0"), mark(0.5, "0.5"), mark(0.0, "0"), mark(2.0, "2.0")],
        x_marks: vec![below(0, "09:25"), below(4, "09:26"), below(10, "09:30"), below(22, "09:35"), below(99, "x")],
    }
}

fn curve() -> Curve {
    let Bars { label_columns, .. } = bars();
    let mark = |at: f64, word: &str| Mark { at, word: word.to_owned() };
    let mut values = vec![Some(100.0); 8];
    values.extend([Some(93.3), Some(100.0), Some(100.0), None, None, Some(91.0), Some(95.0), Some(98.0), None]);
    values.extend([Some(90.0), Some(100.0), Some(90.0), Some(50.0), Some(100.0), Some(120.0)]);
    Curve {
        values,
        bottom: 90.0,
        top: 100.0,
        threshold: Some(95.0),
        label_columns,
        y_marks: vec![mark(100.0, "100"), mark(95.0, "95"), mark(90.0, "90")],
        x_marks: vec![Mark { at: 2, word: "09:25".to_owned() }],
    }
}

#[test]
fn plots_have_axes_and_the_newest_value_at_the_right() {
    insta::assert_snapshot!(seen(36, 6, |canvas| canvas.bars(canvas.area(), &bars())));
    insta::assert_snapshot!(seen(36, 4, |canvas| canvas.curve(canvas.area(), &curve())));
    insta::assert_snapshot!(styled(16, 4, |canvas| canvas.curve(canvas.area(), &curve())));
    insta::assert_snapshot!(ascii(36, 6, |canvas| canvas.bars(canvas.area(), &bars())));
    insta::assert_snapshot!(ascii(36, 7, |canvas| canvas.curve(canvas.area(), &curve())));
}

#[test]
fn a_small_plot_drops_its_axes_first() {
    insta::assert_snapshot!(seen(10, 2, |canvas| canvas.bars(canvas.area(), &bars())));
    let layout = PlotLayout::of(Area::new(3, 5, 40, 8), 3);
    assert_eq!((layout.y_axis, layout.columns()), (Area::new(3, 5, 6, 7), 34));
    assert_eq!((layout.values, layout.x_axis), (Area::new(9, 5, 34, 7), Area::new(9, 12, 34, 1)));
    assert_eq!(PlotLayout::of(Area::new(0, 0, 11, 2), 3).values, Area::new(0, 0, 11, 2));
}

#[test]
fn more_values_than_columns_show_the_newest() {
    let values = (0..100).map(|step| Some(if step == 99 { 1.0 } else { 0.0 })).collect();
    let bars = Bars { values, top: 1.0, ..Bars::default() };
    assert_eq!(seen(5, 1, |canvas| canvas.bars(canvas.area(), &bars)), "    █\n");
}

#[test]
fn a_sparkline_starts_at_zero_and_shows_what_is_little() {
    let values = [Some(0.0), Some(1.0), None, Some(50.0), Some(100.0), Some(f64::INFINITY)];
    assert_eq!(sparkline(&values).plain(), "▁▁ ▄█ ");
    assert_eq!(sparkline(&[Some(0.0), None]).plain(), "▁ ");
    assert!(sparkline(&[]).is_empty());
}

#[test]
fn a_rule_keeps_its_title_and_gives_up_what_is_at_the_right() {
    let rule = |columns: u16, is_focused: bool| {
        let right = Text::new().label("hit 150 of 186");
        seen(columns, 1, |canvas| canvas.rule(canvas.area(), &value("Events"), &right, is_focused))
    };
    assert_eq!(rule(30, false), "─ Events ──── hit 150 of 186 ─\n");
    assert_eq!(
        rule(26, true),
        "▌ Events ─ hit 150 of 1… ─
"
    );
    assert_eq!(rule(18, false), "─ Events ─────────\n");
    assert_eq!(rule(8, false), "─ Eve… ─\n");
    assert_eq!((rule(3, false), rule(1, true)), ("───\n".to_owned(), "▌\n".to_owned()));
    let plain = seen(5, 1, |canvas| canvas.rule(canvas.area(), &Text::new(), &Text::new(), false));
    assert_eq!(plain, "─────\n");
}

#[test]
fn lines_between_panels_are_joined_and_no_word_is_cut() {
    let draw = |canvas: &mut Canvas<'_>| {
        let area = canvas.area();
        for y in [0, 2, 4] {
            canvas.rule(area.row(y), &Text::new(), &Text::new(), false);
        }
        canvas.put(area.row(1), &value("  word-by-word"));
        canvas.divider(Area::new(3, 0, 1, 5));
        canvas.divider(Area::new(7, 0, 1, 3));
        canvas.divider(Area::new(7, 2, 1, 2));
        canvas.divider(Area::new(15, 1, 9, 99));
    };
    assert_eq!(
        seen(16, 5, draw),
        "───┬───┬────────\n  word-by-word │\n───┼───┼───────┼\n   │   │       │\n───┴───────────┴\n"
    );
    assert_eq!(
        ascii(16, 5, draw),
        "---+---+--------\n  word-by-word |\n---+---+-------+\n   |   |       |\n---+-----------+\n"
    );
}

#[test]
fn two_texts_share_a_row_and_the_right_one_stays() {
    let both =
        |columns: u16| seen(columns, 1, |canvas| canvas.put_both(canvas.area(), &value("espresso"), &value("€8.50")));
    assert_eq!(both(16), "espresso   €8.50\n");
    assert_eq!(both(10), "esp… €8.50\n");
    assert_eq!(both(6), " €8.50\n");
    assert_eq!((both(3), both(1)), ("€8…\n".to_owned(), "…\n".to_owned()));
}

#[test]
fn what_is_hostile_is_harmless() {
    let hostile = "\u{1b}[2J\u{9b}31m\r\n\t\u{202e}\u{2066}\u{61c}\u{ad}\u{e0041}\u{fff9}\u{0}\u{7f}x";
    let text = Text::of(Role::Bad, hostile);
    assert_eq!(text.plain(), format!("·[2J·31m{}x", "·".repeat(11)));
    assert_eq!(text.width(), text.plain().chars().count());
    // Selectors change widths on some terminals only, and marks upon marks leave their row.
    assert_eq!(value("❤\u{fe0f}").plain(), "❤");
    let marks = format!("a{}b", "\u{301}".repeat(50));
    assert_eq!(seen(4, 1, |canvas| canvas.put(canvas.area(), &value(&marks))), "a\u{301}\u{301}\u{301}b\n");
    // A mark alone stands on nothing.
    assert_eq!(seen(4, 1, |canvas| canvas.put(canvas.area(), &value("\u{301}b"))), "b\n");
}

#[test]
fn a_wide_character_is_never_cut_in_half() {
    let put = |columns: u16, text: &str| seen(columns, 1, |canvas| canvas.put(canvas.area(), &value(text)));
    assert_eq!((put(4, "日本"), put(3, "日本"), put(2, "日本")), ("日本\n".into(), "日…\n".into(), "…\n".into()));
    // Something is put upon its first half, and upon its second.
    let over = |at: u16| {
        seen(4, 1, |canvas| {
            canvas.put(canvas.area(), &value("日本"));
            canvas.put(Area::new(at, 0, 1, 1), &value("x"));
        })
    };
    assert_eq!((over(0), over(1), over(2)), ("x 本\n".into(), " x本\n".into(), "日x\n".into()));
    assert_eq!(value("日本語").skip(1).plain(), " 本語");
    assert_eq!((value("ab日").skip(2).plain(), value("e\u{301}a").skip(1).plain()), ("日".into(), "a".into()));
    assert_eq!(ascii(5, 1, |canvas| canvas.put(canvas.area(), &value("日é🦀x"))), "??e~\n");
}

#[test]
fn padding_gives_exactly_the_columns() {
    for (text, columns) in [("latte", 8), ("latte", 5), ("latte", 3), ("日本語", 4), ("", 0), ("a", 0)] {
        assert_eq!(Text::new().padded(Role::Value, text, columns).width(), columns, "{text}");
        assert_eq!(Text::new().padded_left(Role::Value, text, columns).width(), columns, "{text}");
    }
    assert_eq!(Text::new().padded(Role::Label, "a", 3).padded_left(Role::Value, "b", 3).plain(), "a    b");
}

#[test]
fn a_cut_text_keeps_its_roles() {
    let text = Text::new().label("lag ").and(Role::Good, "● steady").cut(7);
    assert_eq!(text, Text::new().label("lag ").and(Role::Good, "● …"));
    assert_eq!(Text::new().label("lag").value("12").cut(5).plain(), "lag12");
    assert_eq!(Text::new().label("lag").value("12").cut(0), Text::new());
}

#[test]
fn a_selected_row_is_reversed_under_every_theme_whatever_is_in_it() {
    for (theme, role) in THEMES.into_iter().flat_map(|theme| Role::ALL.map(|role| (theme, role))) {
        let styles = rendered(4, 1, theme, Glyphs::Unicode, |canvas| {
            canvas.row(canvas.area(), true, &Text::of(role, "a"), &Text::new());
        });
        let parts: Vec<&str> = styles.styled.split('{').skip(1).collect();
        assert!(parts.iter().all(|part| part.contains("reversed}")), "{theme:?} {role:?}: {}", styles.styled);
    }
}

fn everything(canvas: &mut Canvas<'_>, area: Area) {
    panels(canvas);
    canvas.bars(area, &bars());
    canvas.curve(area, &curve());
    canvas.rule(area, &value("日本語"), &value("日本語日本語"), true);
    canvas.row(area, true, &value("日本語"), &value("€"));
    canvas.put_lines(area, &[value("日本"), sparkline(&[Some(1.0)])]);
    canvas.divider(area);
    canvas.select(area);
    canvas.clear(Area::new(area.x, area.y, 1, 1));
}

#[test]
fn the_smallest_screens_are_drawn_on_without_harm() {
    for (width, height) in (0..=12).flat_map(|width| (0..=6).map(move |height| (width, height))) {
        let drawn = seen(width, height, |canvas| everything(canvas, canvas.area()));
        assert_eq!(drawn.lines().count(), usize::from(height));
        assert!(drawn.lines().all(|line| value(line).width() <= usize::from(width)), "{width}×{height}:\n{drawn}");
    }
}

proptest! {
    #[test]
    fn any_text_in_any_area_stays_inside(
        texts in prop::collection::vec("\\PC{0,12}|[日本語é\u{301}🦀a▐▌\u{1b}\u{202e}]{0,9}", 1..8),
        places in prop::collection::vec((0..30_u16, 0..8_u16, 0..40_u16, 0..9_u16), 8),
        is_ascii in any::<bool>(),
    ) {
        let glyphs = if is_ascii { Glyphs::Ascii } else { Glyphs::Unicode };
        let drawn = rendered(24, 6, Theme::Light, glyphs, |canvas| {
            for (text, (x, y, width, height)) in texts.iter().zip(places) {
                let area = Area::new(x, y, width, height);
                canvas.put_both(area, &value(text), &Text::of(Role::BadgeBad, text));
                everything(canvas, area);
                canvas.put(area, &Text::new().badge(Role::BadgeWarn, text));
            }
        });
        for line in drawn.text.lines() {
            prop_assert!(value(line).width() <= 24, "{line}");
            prop_assert!(!is_ascii || line.is_ascii(), "{line}");
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }

    #[test]
    fn a_cut_text_fits(text in "\\PC{0,20}", more in "\\PC{0,20}", columns in 0..30_usize) {
        let whole = Text::new().value(&text).label(&more);
        let short = whole.clone().cut(columns);
        prop_assert!(short.width() <= columns);
        prop_assert_eq!(short == whole, whole.width() <= columns);
        prop_assert!(whole.width() <= columns || columns == 0 || short.plain().ends_with('…'));
    }
}
