/// Histograms of gradients and hues: against loops over pixels with an arc tangent and a turn of 360 degrees.
module Cv.Tests.ImageFeatureTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private shape (dims: int list) = Generators.shape dims
let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)

/// Colours from 0 to 1.
let private colours seed (dims: int list) =
    let random = Random(seed: int)
    Array.init (Reference.size dims) (fun _ -> random.NextDouble())

let private node dims = Expr.Input("x", shape dims, DType.F64)

let private f64 (y: Expr) x = Evaluate.value [ "x", x ] y

let private brightness dims x n i j =
    let pixel c = Reference.element dims x [ n; i; j; c ]

    if dims[3] = 1 then
        pixel 0
    else
        0.299 * pixel 0 + 0.587 * pixel 1 + 0.114 * pixel 2

/// As the assignment's program has it, but for gradients that point left.
let private hogByAngles cell orientations (dims: int list) (x: float[]) =
    let rows, columns = dims[1] / cell, dims[2] / cell
    let cells = Array.zeroCreate (dims[0] * rows * columns * orientations)
    let grey = brightness dims x

    for n in 0 .. dims[0] - 1 do
        for i in 0 .. rows * cell - 1 do
            for j in 0 .. columns * cell - 1 do
                let right =
                    if j + 1 < dims[2] then
                        grey n i (j + 1) - grey n i j
                    else
                        0.0

                let down =
                    if i + 1 < dims[1] then
                        grey n (i + 1) j - grey n i j
                    else
                        0.0

                let degrees = Math.Atan2(down, right) * 180.0 / Math.PI + 90.0
                // half a turn: what is beyond it points the other way
                let degrees = (degrees + 360.0) % 180.0
                let range = min (orientations - 1) (int (degrees / 180.0 * float orientations))

                let at = ((n * rows + i / cell) * columns + j / cell) * orientations + range

                cells[at] <- cells[at] + sqrt (right * right + down * down) / float (cell * cell)

    cells

let private huesByDegrees bins (dims: int list) (x: float[]) =
    let histogram = Array.zeroCreate (dims[0] * bins)

    for n in 0 .. dims[0] - 1 do
        for i in 0 .. dims[1] - 1 do
            for j in 0 .. dims[2] - 1 do
                let pixel c = Reference.element dims x [ n; i; j; c ]
                let r, g, b = pixel 0, pixel 1, pixel 2
                // the angle on the hexagon of colours: the two largest tell the sixth of the turn, the middle one where in it
                let low, high = min r (min g b), max r (max g b)
                let part middle = 60.0 * (middle - low) / (high - low)

                let degrees =
                    if high = low then 0.0
                    elif r >= g && g >= b then part g
                    elif g > r && r >= b then 120.0 - part r
                    elif g >= b && b > r then 120.0 + part b
                    elif b > g && g > r then 240.0 - part g
                    elif b > r && r >= g then 240.0 + part r
                    else 360.0 - part b

                let bin = int (degrees % 360.0 / 360.0 * float bins)
                histogram[n * bins + bin] <- histogram[n * bins + bin] + 1.0 / float (dims[1] * dims[2])

    histogram

let private gradients =
    testList "oriented gradients" [
        for dims, cell, orientations in [ [ 3; 8; 8; 3 ], 4, 9; [ 2; 7; 11; 3 ], 3, 8; [ 2; 6; 5; 1 ], 2, 1; [ 1; 9; 9; 1 ], 9, 12 ] do
            testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 10 } $"{dims} in cells of {cell}, {orientations} ranges"
            <| Prop.forAll Generators.seed (fun seed ->
                let x = colours seed dims
                let y = (node dims).Hog(cell, orientations)
                Expect.equal y.Shape (shape [ dims[0]; dims[1] / cell; dims[2] / cell; orientations ]) "the shape"
                Expect.isTrue (Run.near 1e-9 [ f64 y x ] [ hogByAngles cell orientations dims x ]) "the numbers")

        testCase "right angles: to the right and left, down and up, and corners between them"
        <| fun () ->
            // one pixel differs from its left neighbours by its row's step, and from those above by its column's
            let ramp right down =
                Reference.tensor [ 1; 3; 3; 1 ] (fun index -> right * float index[2] + down * float index[1])

            let votes right down =
                // of the 9 pixels, the inner 4 see both steps, 2 the right alone and 2 that down alone
                f64 ((node [ 1; 3; 3; 1 ]).Hog(3, 9)) (ramp right down)
                |> Array.map (fun v -> Math.Round(9.0 * v, 9))

            Expect.sequenceEqual (votes 1.0 0.0) [ 0.0; 0.0; 0.0; 0.0; 6.0; 0.0; 0.0; 0.0; 0.0 ] "right: in the middle"
            Expect.sequenceEqual (votes -1.0 0.0) (votes 1.0 0.0) "left is right"
            Expect.sequenceEqual (votes 0.0 1.0) [ 6.0; 0.0; 0.0; 0.0; 0.0; 0.0; 0.0; 0.0; 0.0 ] "down: in the first"
            Expect.sequenceEqual (votes 0.0 -1.0) (votes 0.0 1.0) "up is down"
            let diagonal = Math.Round(4.0 * sqrt 2.0, 9)
            Expect.sequenceEqual (votes 1.0 1.0) [ 2.0; 0.0; 0.0; 0.0; 2.0; 0.0; diagonal; 0.0; 0.0 ] "45 degrees down: 135 of 180"
            Expect.sequenceEqual (votes -1.0 1.0) [ 2.0; 0.0; diagonal; 0.0; 2.0; 0.0; 0.0; 0.0; 0.0 ] "45 degrees up"

        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 10 } "every pixel votes once: the cells sum to the mean length"
        <| Prop.forAll Generators.seed (fun seed ->
            let dims = [ 2; 8; 8; 3 ]
            // a few brightnesses, so that many gradients are equal, flat, or at right angles
            let x = colours seed dims |> Array.map (fun v -> round (2.0 * v))

            let sums orientations =
                f64 ((node dims).Hog(4, orientations).Sum -1) x

            Expect.isTrue (Run.near 1e-9 [ sums 9 ] [ sums 1 ]) "nine ranges and one")

        testCase "blocks do not change with contrast, and are of length 1"
        <| fun () ->
            let dims = [ 2; 12; 12; 3 ]
            let x = colours 5 dims
            let y = (node dims).Hog(4, 6, true)
            Expect.equal y.Shape (shape [ 2; 2; 2; 24 ]) "the shape"
            Expect.isTrue (Run.near 1e-4 [ f64 y (Array.map (fun v -> 0.3 * v + 0.2) x) ] [ f64 y x ]) "other contrast"
            Expect.all (f64 ((y * y).Sum -1) x) (fun s -> abs (s - 1.0) < 1e-4) "length"
            let cells = f64 ((node dims).Hog(4, 6)) x

            let first =
                [ for cell in [ 0; 1; 3; 4 ] -> cells[6 * cell .. 6 * cell + 5] ]
                |> Array.concat

            let length = sqrt (Array.sumBy (fun v -> v * v) first)
            Expect.isTrue (Run.near 1e-6 [ (f64 y x)[..23] ] [ first |> Array.map (fun v -> v / length) ]) "the first block"

        testCase "a mean that was subtracted makes no difference"
        <| fun () ->
            let dims = [ 1; 8; 8; 3 ]
            let x = colours 3 dims
            let shifted = x |> Array.mapi (fun i v -> v - [| 0.4; 0.3; 0.2 |][i % 3])
            let y = (node dims).Hog(4, 9)
            Expect.isTrue (Run.near 1e-9 [ f64 y shifted ] [ f64 y x ]) "the same"
    ]

let private hues =
    testList "hues" [
        for dims, bins in [ [ 3; 6; 5; 3 ], 10; [ 2; 4; 4; 3 ], 7; [ 1; 3; 9; 3 ], 1 ] do
            testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 10 } $"{dims} in {bins} bins"
            <| Prop.forAll Generators.seed (fun seed ->
                let x = colours seed dims
                let y = (node dims).HueHistogram bins
                Expect.equal y.Shape (shape [ dims[0]; bins ]) "the shape"
                Expect.isTrue (Run.near 1e-9 [ f64 y x ] [ huesByDegrees bins dims x ]) "the numbers")

        testCase "colours that have names"
        <| fun () ->
            let bins = 6

            for name, colour, bin in
                [
                    "red", [ 1.0; 0.0; 0.0 ], 0
                    "yellow", [ 1.0; 1.0; 0.0 ], 1
                    "green", [ 0.0; 1.0; 0.0 ], 2
                    "cyan", [ 0.0; 1.0; 1.0 ], 3
                    "blue", [ 0.0; 0.0; 1.0 ], 4
                    "magenta", [ 1.0; 0.0; 1.0 ], 5
                    "a red that leans to blue", [ 1.0; 0.0; 1e-9 ], 5
                    "pink, pale magenta", [ 1.0; 0.5; 1.0 ], 5
                    "black", [ 0.0; 0.0; 0.0 ], 0
                    "white", [ 1.0; 1.0; 1.0 ], 0
                ] do
                let histogram = f64 ((node [ 1; 1; 1; 3 ]).HueHistogram bins) (Array.ofList colour)

                Expect.sequenceEqual histogram [ for i in 0 .. bins - 1 -> if i = bin then 1.0 else 0.0 ] name

        testCase "a hue that rounds to a whole turn is in the last bin, in f32 too"
        <| fun () ->
            let y = Expr.Input("x", shape [ 1; 1; 1; 3 ]).HueHistogram 10

            for width in Run.widths do
                Expect.isTrue
                    (Run.identical (Run.compiled width 1 [ y ] [ "x", [| 1.0; 0.0; 1e-12 |] ]) [
                        [| for i in 0..9 -> if i = 9 then 1.0 else 0.0 |]
                    ])
                    $"{width}"
    ]

let private together =
    testList "together" [
        testCase "compiled, a batch of colour images: the interpreter's numbers at every width"
        <| fun () ->
            let dims = [ 5; 32; 32; 3 ]
            let x = colours 11 dims |> Array.map (float32 >> float)
            let images = Expr.Input("x", shape dims)

            let features = Expr.Concat(1, images.Hog().Flatten(), images.HueHistogram())

            Expect.equal features.Shape (shape [ 5; 154 ]) "144 of gradients and 10 of hues"
            let expected = Run.interpreted [ features ] [ "x", x ]

            for width in Run.widths do
                Expect.isTrue (Run.near 1e-5 (Run.compiled width 3 [ features ] [ "x", x ]) expected) $"{width}"

        testCase "of a batch that is a symbol, as a model, and in F#"
        <| fun () ->
            let model = Model.Input(32, 32, 3).Hog(8, 9).Flatten().Dense 10
            Expect.equal (string model.Output.Type) "f32[N,10]" "a model"
            let x = Expr.Input("x", shapeOf [ Dim "N"; Dim 32; Dim 32; Dim 3 ])
            Expect.isTrue (same (x |> hog 8 9 |> flatten) (x.Hog(8, 9).Flatten())) "hog"
            Expect.isTrue (same (x |> hueHistogram 10) (x.HueHistogram 10)) "hueHistogram"

        testCase "they learn: bars that stand and bars that lie"
        <| fun () ->
            let model = Model.Input(8, 8, 1).Hog(8, 4).Flatten().Dense 2

            let program =
                Training.Compile(
                    model,
                    (fun scores labels -> scores.SoftmaxCrossEntropy labels),
                    Optimiser.Adam 0.1,
                    metrics = [ Metric.Accuracy ]
                )

            use kept = program.Initialise 1UL
            let random = Random 1

            let bar standing =
                let at = random.Next 7
                Array.init 64 (fun i -> if (if standing then i % 8 else i / 8) = at then 1f else 0f)

            let x =
                Tensor.From(shape [ 32; 8; 8; 1 ], Array.concat [ for i in 0..31 -> bar (i % 2 = 0) ])

            let labels = Tensor.From(shape [ 32 ], [| for i in 0..31 -> i % 2 |])

            for _ in 1..60 do
                program.Step.Call(kept, Binding("x", x), Binding("labels", labels)) |> ignore

            Expect.equal ((program.Evaluate.Call(kept, Binding("x", x), Binding("labels", labels))[1]).Item()) 1.0 "accuracy"
    ]

let private mistakes =
    let images channels =
        Expr.Input("x", shape [ 2; 8; 8; channels ])

    testList "mistakes" [
        for name, run, expected in
            [
                "cells without pixels",
                (fun () -> (images 3).Hog(0, 9)),
                "hog: a cell must have a pixel, and there must be an orientation; got 0 and 9. 8 and 9 are usual."
                "a cell larger than the image",
                (fun () -> (images 3).Hog 9),
                "hog: images must be at least 9 x 9, for cells of 9; got f32[2,8,8,3]. Take smaller cells."
                "blocks of one cell",
                (fun () -> (images 1).Hog(8, 9, true)),
                "hog: images must be at least 16 x 16, for cells of 8; got f32[2,8,8,1]. Take smaller cells."
                "gradients of 4 channels",
                (fun () -> (images 4).Hog()),
                "hog: images must have 3 channels, red, green and blue, or 1; got f32[2,8,8,4]. Take it before the first convolution."
                "hues of grey",
                (fun () -> (images 1).HueHistogram()),
                "hue_histogram: images must have 3 channels, red, green and blue; got f32[2,8,8,1]. Grey images have no hues."
                "no bins", (fun () -> (images 3).HueHistogram 0), "hue_histogram: there must be at least one bin; got 0. 10 is usual."
            ] do
            testCase name
            <| fun () -> Expect.throwsC (run >> ignore) (fun ex -> Expect.equal (Mistakes.text ex) expected "the text")
    ]

[<Tests>]
let tests = testList "image features" [ gradients; hues; together; mistakes ]
