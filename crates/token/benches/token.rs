//! What it takes to make a token and to verify one, beside the signature alone.
#![expect(clippy::expect_used, reason = "a measurement that cannot go on ends")]

use std::hint::black_box;

use divan::Bencher;
use lanyard_token::{KeySet, VerifiedToken, Verifier};
use lanyard_yardstick::{
    Comparison, START, Signed, claims, keys, raw_signing_key, signing_key, tokens, verifier,
};

fn main() {
    divan::main();
    println!();
    println!("{}", minting());
    println!("{}", verifying());
}

#[divan::bench]
fn mint(bencher: Bencher<'_, '_>) {
    let (key, claims) = (signing_key(), claims(0));
    bencher.bench_local(|| key.mint(black_box(&claims)));
}

#[divan::bench]
fn raw_signing(bencher: Bencher<'_, '_>) {
    let (key, signed) = (raw_signing_key(), signed(1).remove(0));
    bencher.bench_local(|| black_box(&signed).sign(&key));
}

#[divan::bench]
fn verify(bencher: Bencher<'_, '_>) {
    let (verifier, keys, token) = (verifier(), keys(), tokens(1).remove(0));
    bencher.bench_local(|| verified(&verifier, &keys, black_box(&token)));
}

#[divan::bench]
fn raw_verification(bencher: Bencher<'_, '_>) {
    let (key, signed) = (raw_signing_key().verifying_key(), signed(1).remove(0));
    bencher.bench_local(|| black_box(&signed).verify(&key));
}

fn minting() -> Comparison<'static> {
    let (key, raw) = (signing_key(), raw_signing_key());
    let claims = (0..TOKENS).map(claims).collect();
    Comparison::with_floor("raw signing", signed(TOKENS), move |one| one.sign(&raw))
        .beside("minting", claims, move |claims| key.mint(claims))
        .run(ROUNDS)
}

fn verifying() -> Comparison<'static> {
    let (verifier, keys, raw) = (verifier(), keys(), raw_signing_key().verifying_key());
    let verify = move |token: &String| verified(&verifier, &keys, token);
    Comparison::with_floor("raw verification", signed(TOKENS), move |one| {
        one.verify(&raw)
    })
    .beside("verifying", tokens(TOKENS), verify)
    .run(ROUNDS)
}

/// Verifies a token, and that it lives.
fn verified(verifier: &Verifier, keys: &KeySet, token: &str) -> VerifiedToken {
    let authentic = verifier.authenticate(token, keys).expect("authentic");
    authentic.at(START).expect("alive");
    authentic
}

fn signed(count: u64) -> Vec<Signed> {
    tokens(count)
        .iter()
        .map(|token| Signed::of(token))
        .collect()
}

const ROUNDS: u32 = 1000;
const TOKENS: u64 = 1000;
