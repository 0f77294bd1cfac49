/// The orthogonal initialiser: orthonormal, evenly drawn, the same for the same seed.
module Cv.Tests.OrthogonalTests

open System
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

let private fill (initialiser: Initialiser) (dims: int list) seed name =
    let values = Array.zeroCreate<float>(Reference.size dims)
    initialiser.Fill(Span values, shape dims, seed, name)
    values

[<Tests>]
let tests =
    testList "orthogonal initialiser" [
        for dims in [ [ 8; 8 ]; [ 30; 7 ]; [ 7; 30 ]; [ 3; 3; 4; 5 ]; [ 3; 3; 2; 40 ]; [ 1; 6 ]; [ 6; 1 ]; [ 5 ]; []; [ 120; 84 ] ] do
            for gain in [ 1.0; sqrt 2.0 ] do
                testCase $"{dims}, gain {gain:F2}: columns, or rows where there are fewer, are orthogonal and of that length"
                <| fun () ->
                    let outputs = if dims.IsEmpty then 1 else List.last dims
                    let inputs = Reference.size dims / outputs
                    let w = fill (Initialiser.Orthogonal gain) dims 3UL "w"

                    let vectors =
                        if outputs <= inputs then
                            [ for j in 0 .. outputs - 1 -> [ for i in 0 .. inputs - 1 -> w[i * outputs + j] ] ]
                        else
                            [ for i in 0 .. inputs - 1 -> [ for j in 0 .. outputs - 1 -> w[i * outputs + j] ] ]

                    for i, a in List.indexed vectors do
                        for j, b in List.indexed vectors do
                            let product = List.fold2 (fun s x y -> s + x * y) 0.0 a b
                            let expected = if i = j then gain * gain else 0.0
                            Expect.isLessThan (abs (product - expected)) 1e-13 $"vectors {i} and {j}"

        testCase "nearly dependent vectors come out orthogonal: twice is enough"
        <| fun () ->
            // in two dims the second is what is left of a random vector beside the first, often little
            for seed in 1UL .. 300UL do
                let w = fill (Initialiser.Orthogonal()) [ 2; 2 ] seed "w"
                Expect.isLessThan (abs (w[0] * w[1] + w[2] * w[3])) 1e-15 $"seed {seed}"

        testCase "even: each element has mean 0 and variance 1 / n, and is as often positive as negative on the diagonal"
        <| fun () ->
            let n, draws = 3, 4000

            let all = [| for seed in 1..draws -> fill (Initialiser.Orthogonal()) [ n; n ] (uint64 seed) "w" |]

            for place in 0 .. n * n - 1 do
                let values = all |> Array.map (fun w -> w[place])
                // four standard errors
                Expect.isLessThan (abs (Array.average values)) (4.0 / sqrt (float (n * draws))) $"mean of element {place}"
                let variance = values |> Array.averageBy (fun v -> v * v)
                Expect.isLessThan (abs (variance - 1.0 / float n)) 0.03 $"variance of element {place}"

        testCase "the same seed and name give the same numbers"
        <| fun () ->
            let draw seed name =
                fill (Initialiser.Orthogonal()) [ 7; 5 ] seed name

            Expect.sequenceEqual (draw 9UL "w") (draw 9UL "w") "again"
            Expect.notEqual (draw 10UL "w") (draw 9UL "w") "another seed"
            Expect.notEqual (draw 9UL "v") (draw 9UL "w") "another name"
            Expect.equal (Initialiser.Orthogonal 2.0) (Initialiser.Orthogonal 2.0) "a value"

        testCase "a gain that is no length is refused"
        <| fun () ->
            for gain, text in [ 0.0, "0"; -1.0, "-1"; nan, "NaN" ] do
                Expect.throwsC (fun () -> Initialiser.Orthogonal gain |> ignore) (fun ex ->
                    Expect.equal
                        (Mistakes.text ex)
                        $"orthogonal: the gain must be a finite number above 0; got {text}. 1 is usual, and the square root of 2 before a ReLU."
                        "the text")
    ]
