//! The `bronzegate` program.

fn main() {}
