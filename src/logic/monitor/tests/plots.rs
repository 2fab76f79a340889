//! Bars and axes against a plain recount.

use proptest::prelude::*;

use super::*;

#[test]
fn columns_are_fixed_spans_up_to_the_last_finished_one() {
    let plot = healthy().plot(4, BucketSize::Seconds30, NOW);
    assert_eq!(plot.ends_ms, NOW.div_euclid(30_000) * 30_000);
    assert_eq!(plot.begins_ms(), plot.ends_ms - 120_000);
    assert_eq!(plot.column_begins_ms(3), plot.ends_ms - 30_000);
    assert!(plot.columns.iter().all(|column| column.received == 15 && column.is_known), "{plot:?}");
    assert_eq!((plot.peak_per_second(), plot.mean_per_second()), (0.5, Some(0.5)));
    assert_eq!((plot.lowest_success(), plot.newest_success()), (Some(Percent::ALL), Some(Percent::ALL)));
    assert_eq!(healthy().default_bucket(NOW), BucketSize::Seconds30);
}

#[test]
fn what_was_not_read_is_unknown_and_not_zero() {
    let mut model = Model::new();
    model.set_events_file(FileState::Readable { bytes: 1 });
    model.set_totals(Totals { is_exact: true, ..Totals::default() });
    assert_eq!(model.figures(NOW).throughput.per_second, None);
    model.set_filled_since(NOW - 40_000);
    let known =
        |model: &Model| model.plot(4, BucketSize::Seconds15, NOW).columns.iter().filter(|one| one.is_known).count();
    assert_eq!((known(&model), model.figures(NOW).throughput.per_second), (1, None));
    model.set_filled_since(NOW - 300_000);
    assert_eq!((known(&model), model.figures(NOW).throughput.per_second), (4, Some(0.0)));
}

#[test]
fn buckets_grow_and_shrink_by_steps() {
    let mut size = BucketSize::Second;
    for bigger in BucketSize::ALL.into_iter().skip(1) {
        size = size.bigger();
        assert_eq!(size, bigger);
    }
    assert_eq!((size.bigger(), BucketSize::Second.smaller()), (BucketSize::Minutes15, BucketSize::Second));
    let sizes = [10.0, 9.9, 0.5, 0.1, 0.001, 0.0].map(BucketSize::for_rate);
    use BucketSize::{Minutes5, Minutes15, Second, Seconds5, Seconds30};
    assert_eq!(sizes, [Second, Seconds5, Seconds30, Minutes5, Minutes15, Seconds30]);
}

#[test]
fn the_axis_grows_at_once_and_shrinks_late() {
    let mut axis = ThroughputAxis::default();
    let tops = [0.0, 0.5, 0.97, 0.5, 0.4, 0.39, 0.0, 4_812.0, 2_000.0, 1_999.0].map(|peak| axis.fit(peak));
    assert_eq!(tops, [1.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.5, 5_000.0, 5_000.0, 2_000.0]);
    assert_eq!([1.0, 10.0, 1_000.0].map(|peak| ThroughputAxis::default().fit(peak)), [1.0, 10.0, 1_000.0]);
}

#[test]
fn the_floor_is_the_first_that_holds_all() {
    let floor = |invalid: u32| {
        let columns = vec![Column { received: 10_000, invalid, is_known: true }, Column::default()];
        SuccessFloor::of(&Plot { bucket: BucketSize::Second, columns, ends_ms: 0 }).0.hundredths()
    };
    let floors = [0, 10, 11, 100, 101, 1_000, 2_000, 2_001].map(floor);
    assert_eq!(floors, [9_990, 9_990, 9_900, 9_900, 9_000, 9_000, 8_000, 0]);
}

#[test]
fn columns_that_are_not_known_say_nothing() {
    let columns = vec![
        Column { received: 900, invalid: 600, is_known: false },
        Column { received: 10, invalid: 1, is_known: true },
        Column { received: 700, invalid: 700, is_known: false },
    ];
    let plot = Plot { bucket: BucketSize::Second, columns, ends_ms: 0 };
    let share = Some(Percent::from_hundredths(9_000));
    assert_eq!((plot.lowest_success(), plot.newest_success()), (share, share));
    assert_eq!((plot.peak_per_second(), plot.mean_per_second()), (10.0, Some(10.0)));
    assert_eq!(SuccessFloor::of(&plot).0.hundredths(), 9_000);
}

#[test]
fn times_of_the_far_future_or_none_harm_no_plot() {
    let mut model = healthy();
    let before = model.plot(60, BucketSize::Second, NOW);
    for time_ms in [Some(NOW + 200_000), Some(i64::MAX), Some(i64::MIN), None] {
        model.see(&EventSeen { time_ms, ..event(0, EventKind::Valid, 1) }, true, NOW);
    }
    assert_eq!(model.plot(60, BucketSize::Second, NOW), before);
    assert_eq!(model.figures(NOW).counts.unwrap().received.count, 1_804);
    // A clock that goes a little before ours gives an age of nothing.
    let mut model = healthy();
    model.see(&event(-1_500, EventKind::Valid, 2_000_000), true, NOW);
    assert_eq!(model.figures(NOW).last_message_age_ms, Some(0));
    assert_eq!(model.figures(NOW + 4_000).throughput.per_second, Some(29.0 / 60.0));
}

#[test]
fn a_clock_that_was_set_back_does_not_shut_out_the_present() {
    let mut buckets = Buckets::default();
    buckets.add(NOW + 7_200_000, false, NOW + 7_200_000);
    buckets.add(NOW, false, NOW);
    assert_eq!(buckets.between(NOW - 1_000, NOW + 1_000).received, 1);
}

proptest! {
    #[test]
    fn figures_agree_with_a_plain_recount(
        lines in prop::collection::vec((-90_000_i64..5_000_000, prop::bool::weighted(0.2)), 0..400),
        now_ms in NOW..NOW + 1_000,
    ) {
        let mut model = model();
        for (number, (ago_ms, is_invalid)) in lines.iter().enumerate() {
            let kind = if *is_invalid { EventKind::Invalid } else { EventKind::Valid };
            model.see(&event(*ago_ms, kind, number as i64), true, now_ms);
        }
        let times = || lines.iter().map(|(ago_ms, is_invalid)| (NOW - ago_ms, *is_invalid));
        let count = |from_ms: i64, to_ms: i64| {
            let within: Vec<bool> = times().filter(|(time_ms, _)| (from_ms..to_ms).contains(time_ms)).map(|one| one.1).collect();
            (within.len(), within.iter().filter(|is_invalid| **is_invalid).count())
        };
        let figures = model.figures(now_ms);
        let second_ms = now_ms.div_euclid(1_000) * 1_000;
        let in_60 = count(second_ms - 60_000, second_ms).0 as f64 * 1_000.0 / 60_000.0;
        let in_10 = count(second_ms - 10_000, second_ms).0 as f64 * 1_000.0 / 10_000.0;
        prop_assert_eq!(figures.throughput.per_second, Some(if in_60 >= 10.0 { in_10 } else { in_60 }));
        let invalid = times().filter(|one| one.1).count();
        prop_assert_eq!(figures.success.whole, Percent::of((lines.len() - invalid) as u64, lines.len() as u64));
        let counts = figures.counts.unwrap();
        prop_assert_eq!((counts.received.count, counts.invalid.count), (lines.len() as u64, invalid as u64));
        for bucket in BucketSize::ALL {
            let plot = model.plot(30, bucket, now_ms);
            for (at, column) in plot.columns.iter().enumerate() {
                let from_ms = plot.column_begins_ms(at);
                let (received, invalid) = count(from_ms, from_ms + bucket.span_ms());
                prop_assert_eq!((column.received as usize, column.invalid as usize), (received, invalid), "{:?} {}", bucket, at);
            }
        }
    }

    #[test]
    fn an_axis_always_holds_its_bars(peaks in prop::collection::vec(0.0_f64..1e7, 1..40)) {
        let mut axis = ThroughputAxis::default();
        for peak in peaks {
            let top = axis.fit(peak);
            prop_assert!(top >= peak);
            let digits = top / 10_f64.powf(top.log10().floor());
            prop_assert!([1.0, 2.0, 5.0, 10.0].iter().any(|step| (digits - step).abs() < 1e-6), "{top}");
        }
    }
}
