//! The data set's own file, row by row: `Sales Transaction v.4a.csv`.

use std::io::Read;

use super::orders::{Line, quoted};

/// The data set's columns.
const COLUMNS: [&str; 8] = [
    "TransactionNo",
    "Date",
    "ProductNo",
    "ProductName",
    "Price",
    "Quantity",
    "CustomerNo",
    "Country",
];

/// A file that is not the data set's, or is broken.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct SalesError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: String,
}

impl SalesError {
    /// A problem of a line.
    pub fn new(line: u64, problem: impl std::fmt::Display) -> Self {
        Self {
            line,
            problem: problem.to_string(),
        }
    }
}

/// A row of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// The line on which it begins, from 1.
    pub number: u64,
    /// What it says. Price and quantity are as the file has them, and may be no numbers.
    line: Line,
}

impl Sale {
    /// The row as an order line.
    ///
    /// # Errors
    /// Where price or quantity is no number: JSON can't hold it.
    pub fn in_numbers(self) -> Result<Line, SalesError> {
        for (name, text) in [
            ("Price", &self.line.price),
            ("Quantity", &self.line.quantity),
        ] {
            if !is_number(text) {
                let problem = format!("column {name}: {text:?} is not a number");
                return Err(SalesError::new(self.number, problem));
            }
        }
        Ok(self.line)
    }

    /// The row as an order line, in which a price or quantity that is no number is a string.
    pub fn in_numbers_or_text(self) -> Line {
        let number = |text: String| {
            if is_number(&text) {
                text
            } else {
                quoted(&text)
            }
        };
        Line {
            price: number(self.line.price),
            quantity: number(self.line.quantity),
            ..self.line
        }
    }
}

fn is_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// Whether this line is the file's header.
pub fn is_header(line: &[u8]) -> bool {
    Sales::new(line).is_ok()
}

/// Reads the file's rows.
pub struct Sales<R> {
    records: csv::StringRecordsIntoIter<R>,
    columns: [usize; 8],
}

impl<R: Read> Sales<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// Where a column of the data set is missing.
    pub fn new(file: R) -> Result<Self, SalesError> {
        let mut reader = csv::Reader::from_reader(file);
        let header = reader.headers().map_err(|it| SalesError::new(1, it))?;
        let mut columns = [0; 8];
        for (column, name) in columns.iter_mut().zip(COLUMNS) {
            *column = header
                .iter()
                .position(|it| it.trim_start_matches('\u{feff}') == name)
                .ok_or_else(|| {
                    let all = COLUMNS.join(",");
                    SalesError::new(1, format!("no column {name}: the data set has {all}"))
                })?;
        }
        Ok(Self {
            records: reader.into_records(),
            columns,
        })
    }
}

impl<R: Read> Iterator for Sales<R> {
    type Item = Result<Sale, SalesError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                return Some(Err(SalesError::new(line, error)));
            }
        };
        let [
            transaction,
            date,
            product,
            name,
            price,
            quantity,
            customer,
            country,
        ] = self
            .columns
            .map(|column| record.get(column).unwrap_or_default().to_owned());
        let customer =
            (!matches!(customer.as_str(), "" | "NA" | "nan" | "NaN")).then_some(customer);
        Some(Ok(Sale {
            number: record.position().map_or(0, csv::Position::line),
            line: Line {
                transaction,
                date,
                product,
                name,
                price,
                quantity,
                customer,
                country,
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_an_error_or_a_string() {
        let file = "TransactionNo,Date,ProductNo,ProductName,Price,Quantity,CustomerNo,Country\n\
                    581482,12/9/2019,22485,\"Set,\n2\",cheap,12,17490,UK\n\
                    581483,12/9/2019,22485,Set,1.5,12,,UK\n";
        let sales = || Sales::new(file.as_bytes()).unwrap().map(Result::unwrap);
        let error = sales().next().unwrap().in_numbers().unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2: column Price: \"cheap\" is not a number"
        );
        let rows: Vec<_> = sales()
            .map(|it| (it.number, it.in_numbers_or_text()))
            .collect();
        assert_eq!(rows[0].1.price, "\"cheap\"");
        assert_eq!((rows[1].0, rows[1].1.price.as_str()), (4, "1.5"));
    }
}
