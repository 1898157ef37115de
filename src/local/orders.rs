//! The generated input: order lines with the shape and the quirks of the data set.
//!
//! The facts are those of "An Online Shop Business" (`Sales Transaction v.4a.csv`, 536,350 lines):
//! transactions of many lines with a heavy tail, cancellations with a `C` in front and negative
//! quantities, no Tuesdays, missing customers, lines that are exact and legitimate duplicates. A
//! longer run of the same seed begins with the whole of a shorter one.

use time::{Date, Duration, Month, Weekday};

use super::catalogue;
use super::dice::Dice;

/// One line of an order, which is one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Six digits, with a `C` in front where it cancels.
    pub transaction: String,
    /// `M/D/YYYY`, as the data set writes it.
    pub date: String,
    /// Five digits, or five digits and a letter.
    pub product: String,
    /// What the product is called on this line.
    pub name: String,
    /// Pounds a unit: a JSON number, as it is written.
    pub price: String,
    /// How many: a JSON number, as it is written; negative where it cancels.
    pub quantity: String,
    /// Five digits, or none.
    pub customer: Option<String>,
    /// The customer's country.
    pub country: String,
}

impl Line {
    /// The line as a producer writes it: an object with the data set's names, a missing customer
    /// left out.
    pub fn json(&self) -> String {
        object(&self.fields())
    }

    /// The fields of the line's object, whose values are JSON.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("TransactionNo", quoted(&self.transaction)),
            ("Date", quoted(&self.date)),
            ("ProductNo", quoted(&self.product)),
            ("ProductName", quoted(&self.name)),
            ("Price", self.price.clone()),
            ("Quantity", self.quantity.clone()),
        ];
        if let Some(customer) = &self.customer {
            fields.push(("CustomerNo", quoted(customer)));
        }
        fields.push(("Country", quoted(&self.country)));
        fields
    }
}

/// A JSON object of these fields, whose values are JSON already.
pub fn object<N: AsRef<str>>(fields: &[(N, String)]) -> String {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{}:{value}", quoted(name.as_ref())))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// A JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An order line and the moment at which the broker takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The line.
    pub line: Line,
    /// Its place in its transaction, from 1.
    pub number: u64,
    /// Milliseconds since 1970.
    pub enqueued: i64,
    /// How its producer sets it: on one line, or over several.
    pub layout: Layout,
}

/// How a producer sets its JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// On one line, without spaces.
    Compact,
    /// Over several lines, as a pretty printer does.
    Spread,
}

/// The generator: order lines without end.
#[derive(Debug, Clone)]
pub struct Orders {
    dice: Dice,
    clock: Clock,
    day: Date,
    transactions: u64,
    /// What is left of the transaction at hand, last line first.
    open: Vec<Order>,
}

/// The data set's first and last day.
const DAYS: (Date, Date) = (
    match Date::from_calendar_date(2018, Month::December, 1) {
        Ok(day) => day,
        Err(_) => Date::MIN,
    },
    match Date::from_calendar_date(2019, Month::December, 9) {
        Ok(day) => day,
        Err(_) => Date::MAX,
    },
);

/// Transactions of a day: the data set has 23,204 in 305 days.
const TRANSACTIONS_A_DAY: u64 = 76;

/// The data set's first transaction.
const FIRST_TRANSACTION: u64 = 536_365;

impl Orders {
    /// The lines of a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed, 0),
            clock: Clock::new(seed),
            day: DAYS.0,
            transactions: 0,
            open: Vec::new(),
        }
    }

    fn next_transaction(&mut self) {
        let dice = &mut self.dice;
        let number = 100_000 + (FIRST_TRANSACTION - 100_000 + self.transactions) % 900_000;
        self.transactions += 1;
        if self.transactions.is_multiple_of(TRANSACTIONS_A_DAY) {
            self.day = next_day(self.day);
        }
        let cancels = dice.happens(1_400);
        let layout = if dice.happens(20) {
            Layout::Spread
        } else {
            Layout::Compact
        };
        let customer = (!dice.happens(25)).then(|| dice.between(12_004, 18_287).to_string());
        let country = catalogue::country(dice);
        let head = Line {
            transaction: format!("{}{number}", if cancels { "C" } else { "" }),
            date: format!(
                "{}/{}/{}",
                u8::from(self.day.month()),
                self.day.day(),
                self.day.year()
            ),
            product: String::new(),
            name: String::new(),
            price: String::new(),
            quantity: String::new(),
            customer,
            country: country.to_owned(),
        };
        let mut lines: Vec<Line> = Vec::new();
        for _ in 0..size(dice, cancels) {
            let line = match lines.last() {
                Some(last) if dice.happens(97) => last.clone(),
                _ => filled(dice, &head, cancels),
            };
            lines.push(line);
        }
        self.clock.pause();
        self.open = lines
            .into_iter()
            .zip(1..)
            .map(|(line, number)| Order {
                line,
                number,
                enqueued: self.clock.tick(),
                layout,
            })
            .collect();
        self.open.reverse();
    }
}

impl Iterator for Orders {
    type Item = Order;

    fn next(&mut self) -> Option<Order> {
        if self.open.is_empty() {
            self.next_transaction();
        }
        self.open.pop()
    }
}

/// How many lines a transaction has: one cancels few things; an order has a dozen or two of
/// lines, now and then hundreds, and 1,110 at most.
fn size(dice: &mut Dice, cancels: bool) -> u64 {
    match dice.below(1_000) {
        _ if cancels => dice.between(1, 3),
        0 => dice.between(300, 1_110),
        1..40 => dice.between(60, 250),
        40..300 => 1 + dice.below(4),
        _ => dice.between(5, 34),
    }
}

fn filled(dice: &mut Dice, head: &Line, cancels: bool) -> Line {
    let product = catalogue::product(dice);
    let quantity = match dice.below(40_000) {
        0 => *dice.one(&[80_995, 74_215]),
        1..400 => dice.between(100, 1_400),
        400..12_000 => 12 * dice.between(1, 4),
        _ => dice.between(1, 12),
    };
    Line {
        product: product.number,
        name: product.name,
        price: decimal(product.pence),
        quantity: format!("{}{quantity}", if cancels { "-" } else { "" }),
        ..head.clone()
    }
}

/// Pounds as most languages print them: `21.47`, `10.5`, `10.0`.
fn decimal(pence: u64) -> String {
    let (pounds, pence) = (pence / 100, pence % 100);
    if pence.is_multiple_of(10) {
        format!("{pounds}.{}", pence / 10)
    } else {
        format!("{pounds}.{pence:02}")
    }
}

/// The day after this one on which the shop is open; after the data set's last, its first.
fn next_day(day: Date) -> Date {
    let mut day = day + Duration::DAY;
    if day.weekday() == Weekday::Tuesday {
        day += Duration::DAY;
    }
    if day > DAYS.1 { DAYS.0 } else { day }
}

/// The broker's clock: 100,000 lines take some four hours, and now and then it steps back.
#[derive(Debug, Clone)]
pub struct Clock {
    dice: Dice,
    millis: i64,
}

impl Clock {
    /// 2026-01-05T08:59:20Z: the first hour ends soon, so that a short run sees two of them.
    const START: i64 = 1_767_603_560_000;

    /// The clock of a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed, 2),
            millis: Self::START,
        }
    }

    /// Lets the time between two transactions pass.
    pub fn pause(&mut self) {
        if self.dice.happens(30) {
            self.millis -= self.dice.between(1, 400) as i64;
        } else {
            self.millis += self.dice.below(5_000) as i64;
        }
    }

    /// The time of the next event, in milliseconds since 1970.
    pub fn tick(&mut self) -> i64 {
        self.millis += self.dice.below(3) as i64;
        self.millis
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use sha2::{Digest, Sha256};

    use super::*;

    fn lines(seed: u64, count: usize) -> Vec<Order> {
        Orders::new(seed).take(count).collect()
    }

    #[test]
    fn a_seed_makes_the_same_lines_for_ever() {
        let mut digest = Sha256::new();
        for order in lines(7, 5_000) {
            digest.update(order.line.json());
            digest.update(order.enqueued.to_le_bytes());
        }
        let digest = digest.finalize();
        let digest: String = digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest, "b99276b0c60b853b");
    }

    #[test]
    fn a_longer_run_begins_with_the_shorter_one() {
        assert_eq!(lines(7, 3_000)[..1_234], lines(7, 1_234));
        assert_ne!(lines(8, 10), lines(7, 10));
    }

    #[test]
    fn the_quirks_of_the_data_set_are_there() {
        let orders = lines(7, 60_000);
        let mut transactions: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut countries: BTreeMap<&str, usize> = BTreeMap::new();
        for Order { line, .. } in &orders {
            assert_eq!(
                line.transaction.starts_with('C'),
                line.quantity.starts_with('-')
            );
            transactions
                .entry(&line.transaction)
                .or_default()
                .push(line);
            names.entry(&line.product).or_default().insert(&line.name);
            *countries.entry(&line.country).or_default() += 1;
        }
        assert!(transactions.values().any(|lines| lines.len() > 300));
        assert!(transactions.values().any(|lines| lines.len() == 1));
        assert!(transactions.keys().any(|number| number.starts_with('C')));
        assert!(names.values().any(|names| names.len() > 1));
        assert!(names.len() > 2_000);
        assert!(names.keys().any(|number| number.len() == 6));
        let all: BTreeSet<_> = names.values().flatten().collect();
        assert!(all.iter().any(|name| name.contains('\'')));
        assert!(all.iter().any(|name| name.contains(',')));
        assert_eq!(countries.len(), 38);
        assert!(countries["United Kingdom"] > 50_000);
        assert!(orders.iter().any(|order| order.line.customer.is_none()));
        let same = orders.windows(2).filter(|two| two[0].line == two[1].line);
        assert!((300..1_200).contains(&same.count()));
        let bytes: usize = orders.iter().map(|order| order.line.json().len()).sum();
        assert!((155..195).contains(&(bytes / orders.len())), "{bytes}");
    }

    #[test]
    fn the_shop_is_closed_on_tuesdays() {
        let mut day = DAYS.0;
        for _ in 0..400 {
            assert_ne!(day.weekday(), Weekday::Tuesday);
            day = next_day(day);
        }
    }

    #[test]
    fn the_broker_takes_a_hundred_thousand_lines_in_some_hours() {
        let times: Vec<_> = lines(7, 100_000)
            .iter()
            .map(|order| order.enqueued)
            .collect();
        let hours = (times[99_999] - times[0]) / 3_600_000;
        assert!((2..9).contains(&hours), "{hours}");
        assert!(times[4_999] / 3_600_000 > times[0] / 3_600_000);
        let back = times.windows(2).filter(|two| two[1] < two[0]).count();
        assert!((1..100).contains(&back), "{back}");
    }
}
