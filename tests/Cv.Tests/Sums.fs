/// Long sums as docs/SEMANTICS.md has them, term by term.
module Cv.Tests.Sums

open System
open Cv.Dsl

/// The most terms that are one chain, the terms of a block of a longer sum, and how many sums of a level make one of the next.
let mostUncut, block, fan = 4096, 16, 4

/// Adds up blocks' sums level by level: every fourth sum of a level goes up, added to the three before it.
let private tower (add: 't -> 't -> 't) (zero: 't) (sums: 't seq) =
    let levels, counts = Array.create 32 zero, Array.zeroCreate<int> 32

    for sum in sums do
        let mutable sum, level = sum, 0

        while counts[level] = fan - 1 do
            sum <- add levels[level] sum
            counts[level] <- 0
            level <- level + 1

        levels[level] <- if counts[level] > 0 then add levels[level] sum else sum
        counts[level] <- counts[level] + 1

    let mutable total = zero

    for level in 0..31 do
        if counts[level] > 0 then
            total <- add levels[level] total

    total

let private product (fma: 't -> 't -> 't -> 't) add zero (a: int -> 't) (b: int -> 't) terms =
    let chain first last =
        let mutable sum = zero

        for k in first..last do
            sum <- fma (a k) (b k) sum

        sum

    if terms <= mostUncut then
        chain 0 (terms - 1)
    else
        seq { for first in 0..block .. terms - 1 -> chain first (min (first + block) terms - 1) }
        |> tower add zero

/// The sum of the products of the first numbers of two sequences, as an element of a matrix product, rounded to a dtype at each step.
let ofProducts (dtype: DType) (a: int -> float) (b: int -> float) terms =
    if dtype = DType.F32 then
        product (fun x y sum -> MathF.FusedMultiplyAdd(x, y, sum)) (+) 0f (a >> float32) (b >> float32) terms
        |> float
    else
        product (fun x y sum -> Math.FusedMultiplyAdd(x, y, sum)) (+) 0.0 a b terms
