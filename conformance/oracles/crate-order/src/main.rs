//! Reads lines of two versions with a tab between them; prints how the crate `semver` orders each.
use semver::Version;
use std::io::BufRead;

fn main() {
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (a, b) = line.split_once('\t').unwrap();
        match (Version::parse(a), Version::parse(b)) {
            (Ok(a), Ok(b)) => println!("{}", a.cmp_precedence(&b) as i8),
            _ => println!("!"),
        }
    }
}
