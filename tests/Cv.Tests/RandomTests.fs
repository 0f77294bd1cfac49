module Cv.Tests.RandomTests

open System
open System.Runtime.Intrinsics
open Cv.Dsl
open Cv.Runtime
open Expecto
open FsCheck
open FsCheck.FSharp

let private philox name (a, b, c, d) (key0, key1) (e, f, g, h) =
    testCase name
    <| fun () -> Expect.equal (Philox.Draw(PhiloxBlock(a, b, c, d), key0, key1)) (PhiloxBlock(e, f, g, h)) "the published block"

let private full = UInt32.MaxValue

/// The smaller cipher, as one draw and as lanes of vectors of every width.
let private two name (a, b) key (c, d) =
    testCase name
    <| fun () ->
        Expect.equal (Philox.DrawTwo(a, b, key)) (struct (c, d)) "the published block"
        let counter, block = uint64 b <<< 32 ||| uint64 a, uint64 d <<< 32 ||| uint64 c
        Expect.equal (VectorRandom.Philox(Vector128.Create counter, key)) (Vector128.Create block) "128 bits"
        Expect.equal (VectorRandom.Philox(Vector256.Create counter, key)) (Vector256.Create block) "256 bits"
        Expect.equal (VectorRandom.Philox(Vector512.Create counter, key)) (Vector512.Create block) "512 bits"

/// The known answers that come with the authors' own code, Random123.
let private knownAnswers =
    testList "philox" [
        philox "zeros" (0u, 0u, 0u, 0u) (0u, 0u) (0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)
        philox "ones" (full, full, full, full) (full, full) (0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)
        philox
            "digits of pi"
            (0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u)
            (0xa4093822u, 0x299f31d0u)
            (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)
        two "two words of zeros" (0u, 0u) 0u (0xff1dae59u, 0x6cd10df2u)
        two "two words of ones" (full, full) full (0x2c3f628bu, 0xab4fd7adu)
        two "two words of pi" (0x243f6a88u, 0x85a308d3u) 0x13198a2eu (0xdd7ce038u, 0xf62a4c12u)
    ]

/// Within a few units in the last place.
let private exactly = { absolute = 0.0; relative = 1e-15 }

let private quantiles =
    testList "normal quantile" [
        for p, expected in
            [
                1e-300, -37.0470962993612
                1e-20, -9.262340089798405
                0.001, -3.090232306167813
                0.025, -1.9599639845400538
                0.25, -0.6744897501960817
                0.5, 0.0
                0.75, 0.6744897501960817
                0.999, 3.090232306167813
            ] do
            testCase $"at {p}"
            <| fun () -> Expect.floatClose exactly (NormalDistribution.Quantile p) expected "AS 241"

        testProperty "is odd about a half"
        <| fun (NormalFloat raw) ->
            // a multiple of 2^-20, so that 1 - p is exact
            let p = (float (int (abs raw % 1.0 * 524286.0)) + 1.0) / 1048576.0
            NormalDistribution.Quantile p = -(NormalDistribution.Quantile(1.0 - p))

        for p in [ 0.0; 1.0; -1.0; nan ] do
            testCase $"refuses {p}"
            <| fun () -> Expect.throwsT<ArgumentOutOfRangeException> (fun () -> NormalDistribution.Quantile p |> ignore) "a probability"
    ]

let private draw count (number: int64 -> float) = Array.init count (int64 >> number)

let private correlation a b =
    let deviations values =
        let mean = Array.average values
        values |> Array.map (fun v -> v - mean)

    let a, b = deviations a, deviations b

    let product x y =
        Array.fold2 (fun sum p q -> sum + p * q) 0.0 x y

    product a b / sqrt (product a a * product b b)

let private streams =
    testList "stream" [
        // found by a second implementation, in another language
        testCase "the same numbers on every machine"
        <| fun () ->
            let stream = RandomStream(42UL, "dense1.w")

            Expect.sequenceEqual
                [ for i in [ 0L; 1L; 2L; 3L; 10_000_000_000L ] -> stream.Uniform i ]
                [ 0.679996992065205; 0.5395672422358818; 0.1972470949658126; 0.5029304899582286; 0.3023301822527057 ]
                "uniform"

            Expect.sequenceEqual
                [ for i in [ 0L; 1L; 2L; 3L; 10_000_000_000L ] -> stream.Normal i ]
                [ 0.4676903879378308; 0.0993435323491354; -0.8514954496925222; 0.007345715049171526; -0.5177103662774826 ]
                "normal"

        testCase "uniform numbers fill (0, 1) evenly"
        <| fun () ->
            let values = draw 100_000 (RandomStream(1UL, "x").Uniform)
            Expect.all values (fun v -> v > 0.0 && v < 1.0) "inside"
            // 99 degrees of freedom: above 149 once in a thousand seeds, and the seed is fixed
            let counts = values |> Array.countBy (fun v -> int (v * 100.0)) |> Array.map snd

            let chiSquare =
                counts |> Array.sumBy (fun count -> float (count - 1000) ** 2.0 / 1000.0)

            Expect.isLessThan chiSquare 149.0 "chi-square over 100 bins"

        testCase "normal numbers have the normal's moments"
        <| fun () ->
            let values = draw 100_000 (RandomStream(2UL, "x").Normal)

            let moment power =
                values |> Array.averageBy (fun v -> pown v power)
            // four standard errors each
            Expect.floatClose { absolute = 0.0127; relative = 0.0 } (moment 1) 0.0 "mean"
            Expect.floatClose { absolute = 0.0179; relative = 0.0 } (moment 2) 1.0 "variance"
            Expect.floatClose { absolute = 0.049; relative = 0.0 } (moment 3) 0.0 "skew"
            Expect.floatClose { absolute = 0.124; relative = 0.0 } (moment 4) 3.0 "kurtosis"

        testCase "neighbours, seeds and names are independent"
        <| fun () ->
            let count = 10_000
            let stream = draw count (RandomStream(1UL, "a").Normal)
            let limit = 4.0 / sqrt (float count)

            let other = [
                "its neighbours", draw count (fun i -> RandomStream(1UL, "a").Normal(i + 1L))
                "another seed", draw count (RandomStream(2UL, "a").Normal)
                "a high bit of the seed", draw count (RandomStream(1UL <<< 63 ||| 1UL, "a").Normal)
                "another name", draw count (RandomStream(1UL, "b").Normal)
                "a longer name", draw count (RandomStream(1UL, "a.w").Normal)
            ]

            for what, values in other do
                Expect.isLessThan (abs (correlation stream values)) limit what
    ]

[<Tests>]
let tests = testList "random" [ knownAnswers; quantiles; streams ]
