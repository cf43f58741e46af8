//! The page: what stands where, that no name is ever more than text, and that nothing outgrows it.

use std::collections::HashSet;

use proptest::prelude::*;

use super::CHARTS;
use crate::analyze::Verdict;
use crate::report::shape::FORMAT;
use crate::report::*;

mod markup;

use markup::{Tag, tags};

const HOSTILE: &str = "<script>alert(1)</script>\"'&";

fn quality(rows: u64, null_rate: f64) -> QualityReport {
    QualityReport {
        rows,
        null_rate: Some(null_rate),
        nan_rate: Some(0.0),
        infinite_rate: Some(0.0),
        below: 0,
        above: 0,
        unseen: 0,
        min: Some(0.0),
        max: Some(9.5),
    }
}

fn column(name: &str, verdict: Verdict, psi: f64, ks: Option<f64>) -> ColumnReport {
    let kind = if ks.is_some() { "number" } else { "category" };
    let labels = (0..26).map(|bar| format!("{bar} to {}", bar + 1)).collect();
    ColumnReport {
        name: name.to_owned(),
        kind: kind.to_owned(),
        verdict,
        drifting: if verdict == Verdict::Drift { vec!["psi".to_owned()] } else { Vec::new() },
        measures: MeasuresReport {
            psi: Some(PsiReport { value: psi, groups: 10, critical: 0.01, p: 0.5 }),
            jensen_shannon: Some(0.1),
            ks: ks.map(|low| KsReport { low, high: low, critical: 0.02, p: 0.5 }),
            wasserstein: None,
            chi_square: None,
            l_infinity: None,
        },
        current: quality(500, 0.0),
        reference: quality(10_000, 0.0),
        histogram: Histogram {
            labels,
            reference: vec![1.0 / 26.0; 26],
            current: vec![1.0 / 26.0; 26],
        },
    }
}

fn deployment(
    name: &str,
    verdict: Option<Verdict>,
    columns: Vec<ColumnReport>,
) -> DeploymentReport {
    DeploymentReport {
        deployment: name.to_owned(),
        model: "fraud".to_owned(),
        version: "1".to_owned(),
        mirrored: false,
        rows: 1_234_567,
        traffic: Some(TrafficReport {
            requests: 2_000,
            client_errors: 5,
            server_errors: 0,
            latency_p50_us: Some(750),
            latency_p99_us: None,
        }),
        baseline_rows: verdict.map(|_| 10_000),
        verdict,
        columns,
        not_compared: Vec::new(),
    }
}

fn report(verdict: Verdict, deployments: Vec<DeploymentReport>) -> Report {
    Report {
        format: FORMAT.to_owned(),
        endpoint: "payments".to_owned(),
        window: WindowReport {
            start: "2026-01-01T00:00:00Z".to_owned(),
            end: "2026-01-02T06:00:00Z".to_owned(),
        },
        verdict,
        thresholds: ThresholdsReport { psi: 0.2, ks: 0.1, confidence: 0.99 },
        deployments,
        comparisons: Vec::new(),
    }
}

/// Columns of all verdicts, not in the order of their rank.
fn mixed() -> Report {
    let columns = vec![
        column("in.calm", Verdict::Ok, 0.02, Some(0.01)),
        column("in.mild", Verdict::Drift, 0.3, Some(0.01)),
        column("out.score", Verdict::Drift, 0.25, Some(0.11)),
        column("in.thin", Verdict::InsufficientData, 0.9, None),
        column("in.wild", Verdict::Drift, 0.1, Some(0.4)),
    ];
    let mut report =
        report(Verdict::Drift, vec![deployment("blue", Some(Verdict::Drift), columns.clone())]);
    report.deployments[0].columns[4].current.null_rate = Some(0.2);
    let left = NotCompared { name: "in.day".to_owned(), why: "Date32".to_owned() };
    report.deployments[0].not_compared.push(left.clone());
    report.comparisons.push(ComparisonReport {
        kind: "previous window".to_owned(),
        reference: "yesterday".to_owned(),
        current: "today".to_owned(),
        reference_rows: 900,
        rows: 500,
        verdict: Verdict::Drift,
        columns,
        not_compared: vec![left],
    });
    report
}

/// The page and its tags, which must nest.
fn page(report: &Report) -> (String, Vec<Tag>) {
    let page = report.to_html();
    let tags = tags(&page).unwrap_or_else(|why| panic!("{why}"));
    (page, tags)
}

/// Names of the cards, in their order.
fn cards(page: &str) -> Vec<&str> {
    let cards = page.split("<h3><span class=\"rank\">").skip(1);
    let name = |card: &'_ str| {
        let from = card.find("class=\"name\">").unwrap() + "class=\"name\">".len();
        (from, from + card[from..].find('<').unwrap())
    };
    cards.map(|card| (card, name(card))).map(|(card, (from, to))| &card[from..to]).collect()
}

#[test]
fn the_verdict_stands_first_in_word_colour_and_shape() {
    for (verdict, word, class) in [
        (Verdict::Drift, "Drift", "drift"),
        (Verdict::InsufficientData, "Insufficient data", "unsure"),
        (Verdict::Ok, "OK", "ok"),
    ] {
        let (page, tags) = page(&report(verdict, Vec::new()));
        let head = &page[page.find("<h1>").unwrap()..page.find("</h1>").unwrap()];
        assert!(head.contains(&format!("<span class=\"word\">{word}</span>")), "{head}");
        assert!(head.contains(&format!("href=\"#s-{class}\"")), "{head}");
        assert!(head.contains("<bdi>payments</bdi>"), "{head}");
        assert!(page.contains(&format!("<header class=\"verdict {class}\">")));
        let first = tags.iter().find(|tag| tag.name.starts_with('h') && tag.name.len() == 2);
        assert_eq!(first.map(|tag| tag.name.as_str()), Some("h1"));
    }
}

#[test]
fn columns_rank_by_verdict_then_predictions_then_effect() {
    let (page, _) = page(&mixed());
    assert_eq!(cards(&page), ["score", "wild", "mild", "thin", "calm"]);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(place("Furthest: <b><bdi class=\"name\">wild</bdi></b>, 4.00\u{D7}") < place("<h2"));
    assert!(place("<summary>1 column without drift</summary>") < place("id=\"c5\""));
    assert!(place("id=\"c4\"") < place("<details"), "only what is ok is folded");
    // First rows, card, data quality, PSI, comparison.
    assert_eq!(page.matches("<span class=\"tag\">prediction</span>").count(), 5);
}

#[test]
fn a_card_has_both_shares_of_each_bar_and_what_drifts() {
    let mut report = mixed();
    report.deployments[0].columns[2].histogram.current[3] = 0.125;
    let (page, tags) = page(&report);
    let titles = page.matches("<g><title>").count();
    assert_eq!(titles, 5 * 26);
    assert!(page.contains("<title>3 to 4: baseline 3.85%, current 12.5%</title>"));
    assert!(page.contains("widest apart at 3 to 4: baseline 3.85%, current 12.5%"));
    assert!(page.contains("baseline, n = 10\u{202F}000") && page.contains("current, m = 500"));
    let rose = "<tr class=\"rose\"><th scope=\"row\"><svg class=\"shape\" aria-hidden=\"true\">\
                <use href=\"#s-drift\"/></svg><span class=\"hide\">drift: </span>PSI</th>\
                <td>0.25</td><td>0.2</td><td>0.01</td><td>0.5</td></tr>";
    assert!(page.contains(rose));
    let charts = tags.iter().filter(|tag| tag.has("class", "chart")).count();
    assert_eq!(charts, 5);
}

#[test]
fn copies_of_requests_speak_only_when_they_drift() {
    let seat = |name, verdict, psi| {
        deployment(name, Some(verdict), vec![column("in.a", verdict, psi, None)])
    };
    let with = |verdict, psi| {
        let mut copy = seat("copy", verdict, psi);
        copy.mirrored = true;
        report(Verdict::Ok, vec![copy, seat("blue", Verdict::Ok, 0.05)]).to_html()
    };
    let few = with(Verdict::InsufficientData, 0.9);
    assert!(few.contains("id=\"ok\"") && !few.contains("id=\"unsure\""));
    assert!(few.contains("0.25\u{D7}</span></td>"), "the effect is that of the seat that counts");
    let drift = with(Verdict::Drift, 0.9);
    assert!(drift.contains("id=\"drift\""));
    assert!(drift.contains("1 more only in mirrored copies of requests"));
    let mut alone = seat("copy", Verdict::InsufficientData, 0.9);
    alone.mirrored = true;
    let (page, _) = page(&report(Verdict::InsufficientData, vec![alone]));
    assert!(page.contains("Only mirrored copies of requests, which do not count."));
    assert!(page.contains("id=\"unsure\""));
}

#[test]
fn tables_have_what_people_look_for() {
    let (page, _) = page(&mixed());
    for text in [
        "2026-01-01 00:00:00 UTC</time> to",
        "(1 day 6 hours)",
        "1\u{202F}234\u{202F}567",
        "5 <span class=\"dim\">(0.25%)</span>",
        "\u{2264} 750 \u{B5}s",
        "slower than any range",
        "bad values rose in 1 column",
        "<span class=\"hide\">rose: </span>\u{25B2} 20%",
        "<span class=\"hide\">drift: </span>\u{25B2} 0.25",
        "<span class=\"hide\">insufficient data: </span>? 0.9",
        "previous window",
        "Date32: <bdi class=\"name\">day</bdi>",
        "today against yesterday (previous window)",
    ] {
        assert!(page.contains(text), "no {text}");
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    let (page, tags) = page(&mixed());
    let page = page.to_lowercase();
    for needle in ["http://", "https://", "src=", "@import", "url(", "<script", "javascript:"] {
        assert!(!page.contains(needle), "{needle}");
    }
    let links = tags.iter().filter_map(|tag| tag.attribute("href"));
    let (ids, links): (HashSet<_>, Vec<_>) =
        (tags.iter().filter_map(|tag| tag.attribute("id")).collect(), links.collect());
    for link in &links {
        assert!(link.strip_prefix('#').is_some_and(|id| ids.contains(id)), "{link} leads nowhere");
    }
    assert!(links.len() > 20);
    let policy = "<meta http-equiv=\"content-security-policy\" \
                  content=\"default-src 'none'; style-src 'unsafe-inline'\">";
    assert!(page.contains(policy));
}

#[test]
fn the_page_can_be_walked_without_eyes() {
    let (_, tags) = page(&mixed());
    let mut level = 0;
    for tag in &tags {
        match tag.name.as_str() {
            "h1" | "h2" | "h3" | "h4" => {
                let next = usize::from(tag.name.as_bytes()[1] - b'0');
                assert!(next <= level + 1, "{tag:?} after level {level}");
                level = next;
            }
            "th" => assert!(tag.attribute("scope").is_some(), "{tag:?}"),
            "svg" => {
                let named = tag.attribute("aria-label").is_some_and(|label| !label.is_empty());
                assert!(named != tag.has("aria-hidden", "true"), "{tag:?}");
            }
            _ => {}
        }
    }
    let ids: Vec<_> = tags.iter().filter_map(|tag| tag.attribute("id")).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "an id stands twice");
}

#[test]
fn colours_can_be_read() {
    // WCAG 2.2, success criteria 1.4.3 and 1.4.11: 4.5 for text, 3 for what is drawn.
    let pairs = [
        ("ink", ["paper", "card", "drift-wash", "unsure-wash", "ok-wash"].as_slice(), 4.5),
        ("dim", &["paper", "card", "wash"], 4.5),
        ("link", &["paper", "drift-wash", "unsure-wash", "ok-wash"], 4.5),
        ("drift", &["paper", "card", "drift-wash"], 4.5),
        ("unsure", &["paper", "card", "unsure-wash"], 4.5),
        ("ok", &["paper", "card", "ok-wash"], 4.5),
        ("base", &["paper", "card"], 3.0),
        ("now", &["paper", "card"], 3.0),
    ];
    let schemes: Vec<&str> = super::STYLE.split(":root {").skip(1).collect();
    assert_eq!(schemes.len(), 3, "light, dark, printed");
    for scheme in schemes {
        for (front, backs, least) in pairs {
            for back in backs {
                let contrast = markup::contrast(scheme, front, back);
                assert!(contrast >= least, "{front} on {back}: {contrast:.2} in {scheme}");
            }
        }
    }
}

#[test]
fn an_empty_report_says_so() {
    let (page, _) = page(&report(Verdict::InsufficientData, Vec::new()));
    assert!(page.contains("No rows in this window."));
    assert!(!page.contains("<section") && !page.contains("<nav"));
}

#[test]
fn rows_without_a_baseline_are_named() {
    let (page, _) =
        page(&report(Verdict::InsufficientData, vec![deployment("blue", None, vec![])]));
    assert!(page.contains("Nothing here could be held against a baseline."));
    assert!(page.contains("not judged</span>"));
    assert!(page.contains("1\u{202F}234\u{202F}567 rows are not judged"));
    assert!(page.contains("id=\"deployments\"") && !page.contains("id=\"quality\""));
}

#[test]
fn a_column_that_is_not_logged_is_named() {
    let mut of = column("in.gone", Verdict::InsufficientData, 0.0, None);
    of.current = QualityReport { rows: 0, null_rate: None, nan_rate: None, ..quality(0, 0.0) };
    of.measures = MeasuresReport { psi: None, jensen_shannon: None, ..of.measures };
    of.histogram.current = vec![0.0; 26];
    let unsure = Some(Verdict::InsufficientData);
    let (page, _) =
        page(&report(Verdict::InsufficientData, vec![deployment("blue", unsure, vec![of])]));
    assert!(page.contains("Not logged: there is no current row"));
    assert!(page.contains("not logged: <bdi class=\"name\">gone</bdi>"));
}

#[test]
fn many_columns_make_no_large_page() {
    let many = |deployment: &str, verdict| {
        let name = |at: usize| format!("in.{}{at}", "a name of some length ".repeat(2));
        let columns = (0..4096).map(|at| column(&name(at), verdict, 0.3, Some(0.2)));
        self::deployment(deployment, Some(verdict), columns.collect())
    };
    for verdict in [Verdict::Drift, Verdict::Ok] {
        let deployments = vec![many("blue", verdict), many("green", verdict)];
        let mut report = report(verdict, deployments);
        let left = NotCompared { name: "in.day".to_owned(), why: "Date32".to_owned() };
        report.deployments[0].not_compared = vec![left; 4096];
        let (page, tags) = page(&report);
        assert!(page.len() < 4 << 20, "{} bytes", page.len());
        let charts = tags.iter().filter(|tag| tag.has("class", "chart")).count();
        assert_eq!(charts, CHARTS);
        let told = "Histograms are drawn for the 100 that rank first. 4\u{202F}046 columns";
        assert!(page.contains(told), "{}", cards(&page).len());
        assert!(page.contains("The first 500 of 8\u{202F}192 are shown."));
        assert!(page.contains("and 4\u{202F}046 more"));
    }
}

#[test]
fn many_deployments_make_no_large_table() {
    let bare = |at: usize| ColumnReport {
        histogram: Histogram::default(),
        ..column(&format!("in.{at}"), Verdict::Ok, 0.1, None)
    };
    let columns: Vec<ColumnReport> = (0..2_500).map(bare).collect();
    let deployment = |at: usize| deployment(&format!("d{at}"), Some(Verdict::Ok), columns.clone());
    let (page, _) = page(&report(Verdict::Ok, (0..10).map(deployment).collect()));
    assert!(page.contains("The first 2\u{202F}000 of 2\u{202F}500 columns by rank are shown."));
    assert!(page.len() < 3 << 20, "{} bytes", page.len());
}

#[test]
fn forged_numbers_do_no_harm() {
    let mut report = mixed();
    report.thresholds = ThresholdsReport { psi: 0.0, ks: f64::NAN, confidence: f64::INFINITY };
    let column = &mut report.deployments[0].columns[0];
    column.histogram.reference = vec![f64::NAN, f64::INFINITY, -3.0, 1e300];
    column.histogram.current = Vec::new();
    column.current.rows = u64::MAX;
    column.current.max = Some(f64::NEG_INFINITY);
    report.deployments[0].columns[1].histogram.labels = vec!["bar".to_owned(); 100_000];
    report.deployments[0].columns[2].histogram.labels = Vec::new();
    report.deployments[0].rows = u64::MAX;
    let (page, tags) = page(&report);
    let drawn = tags.iter().filter(|tag| ["path", "rect", "text"].contains(&tag.name.as_str()));
    for (name, value) in drawn.flat_map(|tag| &tag.attributes) {
        assert!(!value.contains("NaN") && !value.contains("inf"), "{name}={value}");
    }
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let report = mixed();
    let again: Report = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(report.to_html(), again.to_html());
}

/// Puts a text in every place that may hold one of others; `tell` tells the places apart.
fn renamed(text: &str, tell: bool) -> (Report, Vec<String>) {
    let mut report = mixed();
    let mut told = Vec::new();
    let mut put = |to: &mut String, side: &str| {
        let unique = if tell { format!("{text}{}", told.len()) } else { text.to_owned() };
        *to = format!("{side}{unique}");
        told.push(unique);
    };
    put(&mut report.format, "");
    put(&mut report.endpoint, "");
    put(&mut report.window.start, "");
    put(&mut report.window.end, "");
    for of in &mut report.deployments {
        put(&mut of.deployment, "");
        put(&mut of.model, "");
        put(&mut of.version, "");
        put(&mut of.not_compared[0].name, "in.");
        put(&mut of.not_compared[0].why, "");
        for column in &mut of.columns {
            let side = if column.name.starts_with("out.") { "out." } else { "in." };
            put(&mut column.name, side);
            put(&mut column.histogram.labels[0], "");
        }
    }
    for of in &mut report.comparisons {
        put(&mut of.kind, "");
        put(&mut of.reference, "");
        put(&mut of.current, "");
        put(&mut of.not_compared[0].name, "in.");
        put(&mut of.not_compared[0].why, "");
        for column in of.columns.iter_mut().filter(|column| column.verdict == Verdict::Drift) {
            put(&mut column.name, "in.");
        }
    }
    (report, told)
}

#[test]
fn a_hostile_name_shows_as_text_in_every_place() {
    let (report, told) = renamed(HOSTILE, true);
    let (page, _) = page(&report);
    assert_eq!(told.len(), 27);
    for name in told {
        let number = name.strip_prefix(HOSTILE).unwrap();
        let escaped = format!("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;{number}");
        assert!(page.contains(&escaped), "{name}");
    }
    assert!(!page.contains("<script") && !page.contains("alert(1)<"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_name_is_markup(name in prop_oneof![any::<String>(), "[<>&\"'/=! a-z-]{0,16}"]) {
        let shape = |report: &Report| {
            let (page, tags) = page(report);
            let tags: Vec<_> = tags.iter().map(Tag::shape).collect();
            let brackets = ['<', '>'].map(|c| page.matches(c).count());
            (brackets, page.matches("''").count(), tags)
        };
        let plain = shape(&renamed("x", true).0);
        let named = shape(&renamed(&format!("{name}x"), true).0);
        prop_assert_eq!(plain, named);
    }

    #[test]
    fn escaped_text_reads_as_it_was(text in "[<>&\"' a-z;#0-9]{0,40}") {
        let escaped = super::Text(&text).to_string();
        prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        prop_assert_eq!(markup::read(&escaped), text);
    }
}
