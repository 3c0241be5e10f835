//! `replay SEED`, `mornings N`.

use simulation::run;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok());
    match (arguments.first().map(String::as_str), number(1)) {
        (Some("replay"), Some(seed)) => println!("{:#?}", run::seed(seed, true)),
        (Some("mornings"), Some(count)) => {
            let begun = std::time::Instant::now();
            let mut bad = 0;
            for seed in 0..count {
                let ending = run::seed(seed, false);
                if let Some(broken) = ending.broken {
                    bad += 1;
                    println!("{seed}: {broken:?}");
                }
            }
            println!("{bad} bad of {count} in {:?}", begun.elapsed());
        }
        _ => {
            eprintln!("replay SEED | mornings N");
            std::process::exit(2);
        }
    }
}
