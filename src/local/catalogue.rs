//! What the shop sells and where it sells it: the generator's words.

use super::dice::Dice;

/// How many products the shop has.
const PRODUCTS: u64 = 3_400;

const STYLES: [&str; 20] = [
    "Retrospot",
    "Union Jack",
    "Vintage",
    "Regency",
    "Strawberry",
    "Paisley Park",
    "Ivory Paper",
    "Pink Polkadot",
    "Woodland",
    "Circus Parade",
    "Dolly Girl",
    "Feltcraft",
    "Hot Baths",
    "French Blue",
    "Scandinavian",
    "Rose",
    "Doormat",
    "Zinc",
    "Glass Beaded",
    "Spaceboy",
];

const THINGS: [&str; 34] = [
    "Cake Stand, 3 Tier",
    "Lunch Box",
    "Jumbo Bag",
    "Bunting",
    "Children's Apron",
    "T-Light Holder, Hanging",
    "Tea Towel",
    "Alarm Clock",
    "Jam Making Set",
    "Hand Warmer, Bird Design",
    "Doll's House",
    "Wicker Star",
    "Picture Frame 4X6",
    "Cutlery Set",
    "Memo Board",
    "Gardener's Kneeling Pad",
    "Letter Rack",
    "Party Cones, Pack Of 12",
    "Toadstool Led Night Light",
    "Wall Clock",
    "Gift Wrap",
    "Charm Bracelet",
    "Baking Set, 9 Piece",
    "Hot Water Bottle",
    "Travel Card Wallet",
    "Paper Chain Kit, 50'S Christmas",
    "Coat Rack",
    "Drawer Knob",
    "Storage Tin",
    "Mug",
    "Wind Chime",
    "Doorstop",
    "Sewing Box",
    "Lovebirds' Nest",
];

const COUNTRIES: [&str; 38] = [
    "United Kingdom",
    "France",
    "Germany",
    "EIRE",
    "Spain",
    "Netherlands",
    "Belgium",
    "Switzerland",
    "Portugal",
    "Australia",
    "Norway",
    "Italy",
    "Channel Islands",
    "Finland",
    "Cyprus",
    "Sweden",
    "Unspecified",
    "Austria",
    "Denmark",
    "Japan",
    "Poland",
    "Israel",
    "USA",
    "Hong Kong",
    "Singapore",
    "Iceland",
    "Canada",
    "Greece",
    "Malta",
    "United Arab Emirates",
    "European Community",
    "RSA",
    "Lebanon",
    "Lithuania",
    "Brazil",
    "Czech Republic",
    "Bahrain",
    "Saudi Arabia",
];

/// A product as it stands on a line: number, name, and pence a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Five digits, or five digits and a letter.
    pub number: String,
    /// The name; the same number can come with another one.
    pub name: String,
    /// The price of one, in pence.
    pub pence: u64,
}

/// A product, the popular ones more often than the others.
pub fn product(dice: &mut Dice) -> Product {
    let (one, other) = (dice.below(PRODUCTS), dice.below(PRODUCTS));
    let index = one * other / PRODUCTS;
    let letter = match index % 8 {
        3 => char::from(b'A' + (index % 26) as u8).to_string(),
        _ => String::new(),
    };
    let style = STYLES[(index % STYLES.len() as u64) as usize];
    let thing = THINGS[(index * 7 % THINGS.len() as u64) as usize];
    let size = ["", " Small", " Large", ", Set Of 6", " In Box"][(index / 680) as usize % 5];
    let name = if index.is_multiple_of(9) && dice.happens(1_500) {
        format!("{thing} {style}{size}")
    } else {
        format!("{style} {thing}{size}")
    };
    Product {
        number: format!("{}{letter}", 10_002 + index * 23),
        name,
        pence: 513 + index * 37 % 2_400 + dice.below(60),
    }
}

/// A country: the United Kingdom nine times in ten, and the first of the others more often.
pub fn country(dice: &mut Dice) -> &'static str {
    if dice.happens(9_000) {
        return COUNTRIES[0];
    }
    let others = COUNTRIES.len() as u64 - 1;
    let (one, other, plain) = (dice.below(others), dice.below(others), dice.happens(6_000));
    COUNTRIES[1 + if plain { one } else { one.min(other) } as usize]
}
