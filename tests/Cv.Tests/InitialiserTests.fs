module Cv.Tests.InitialiserTests

open System
open Cv.Dsl
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Expecto

let private fill (initialiser: Initialiser) dims seed name =
    let values = Array.zeroCreate<float> (shape dims).Size
    initialiser.Fill(Span values, shape dims, seed, name)
    values

let private deviation (values: float[]) =
    let mean = Array.average values
    sqrt (values |> Array.averageBy (fun v -> (v - mean) ** 2.0))

/// 100,000 draws tell a deviation to about 0.2 %.
let private near = { absolute = 0.0; relative = 0.01 }

let private hasDeviation name initialiser dims expected =
    testCase name
    <| fun () ->
        let values = fill initialiser dims 3UL "w"
        Expect.floatClose near (deviation values) expected "deviation"
        Expect.isLessThan (abs (Array.average values)) (expected * 0.02) "mean"

let private all = [ "zeros", Initialiser.Zeros; "small", Initialiser.SmallRandom(); "xavier", Initialiser.Xavier; "he", Initialiser.He ]

[<Tests>]
let tests =
    testList "initialisers" [
        hasDeviation "small random is 0.01 whatever the size" (Initialiser.SmallRandom()) [ 400; 250 ] 0.01
        hasDeviation "small random of a deviation" (Initialiser.SmallRandom 0.5) [ 250; 400 ] 0.5
        hasDeviation "he: sqrt(2 / in)" Initialiser.He [ 400; 250 ] (sqrt (2.0 / 400.0))
        hasDeviation "he: a filter's fan-in is height x width x channels" Initialiser.He [ 5; 5; 40; 100 ] (sqrt (2.0 / 1000.0))
        hasDeviation "xavier: sqrt(2 / (in + out))" Initialiser.Xavier [ 300; 400 ] (sqrt (2.0 / 700.0))
        hasDeviation
            "xavier: a filter's window counts in both fans"
            Initialiser.Xavier
            [ 5; 5; 40; 100 ]
            (sqrt (2.0 / (25.0 * 40.0 + 25.0 * 100.0)))

        testCase "xavier is even between its bounds"
        <| fun () ->
            let values = fill Initialiser.Xavier [ 300; 400 ] 3UL "w"
            let bound = sqrt (6.0 / 700.0)
            Expect.isLessThan (values |> Array.map abs |> Array.max) bound "inside"
            Expect.isGreaterThan (Array.max values) (0.999 * bound) "up to the bound"
            Expect.isLessThan (Array.min values) (-0.999 * bound) "down to the bound"

        testCase "zeros"
        <| fun () -> Expect.all (fill Initialiser.Zeros [ 3; 4 ] 3UL "b") (fun v -> v = 0.0) "zero"

        testCase "a scalar and a vector have a fan-in of 1"
        <| fun () ->
            let normal = RandomStream(3UL, "w").Normal 0L
            Expect.sequenceEqual (fill Initialiser.He [] 3UL "w") [ sqrt 2.0 * normal ] "scalar"
            Expect.equal (Array.head (fill Initialiser.He [ 5 ] 3UL "w")) (sqrt 2.0 * normal) "vector"

        for name, initialiser in all do
            testCase $"{name}: same seed and name, same numbers"
            <| fun () ->
                let first = fill initialiser [ 7; 5 ] 9UL "w"
                Expect.sequenceEqual (fill initialiser [ 7; 5 ] 9UL "w") first "again"

                if name <> "zeros" then
                    Expect.notEqual (fill initialiser [ 7; 5 ] 10UL "w") first "another seed"
                    Expect.notEqual (fill initialiser [ 7; 5 ] 9UL "v") first "another name"

        testCase "an initialiser is a value"
        <| fun () ->
            Expect.equal (Initialiser.SmallRandom 0.1) (Initialiser.SmallRandom 0.1) "equal"
            Expect.notEqual (Initialiser.SmallRandom 0.1) (Initialiser.SmallRandom 0.2) "other deviation"

        refusals "mistakes" [
            "a negative deviation",
            (fun () -> Expr.Parameter("w", shape [ 2 ], Initialiser.SmallRandom -1.0)),
            "small_random: the deviation must be a finite number, at least 0; got -1. 0.01 is usual."

            "too few places",
            (fun () ->
                Initialiser.He.Fill(Span(Array.zeroCreate 3), shape [ 2; 2 ], 1UL, "w")
                x []),
            "initialiser: there must be a place for each element; got 3 places for \"w\" [2,2] (4). Pass a span of 4."
        ]
    ]
