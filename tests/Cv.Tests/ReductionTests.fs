/// Folds with all that surrounds them in one walk: rows too short for a loop, columns in registers, batches of images, broadcasts that are never written.
module Cv.Tests.ReductionTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Cv.Tests.Run
open Expecto
open FsCheck
open FsCheck.FSharp

/// The interpreter's numbers at every width, and the same bits on 1, 2 and 3 threads.
let private agree seed (outputs: Expr list) =
    let values = Evaluate.randomBindings seed outputs
    let expected = interpreted outputs values

    for width in widths do
        let alone = compiled width 1 outputs values

        if not (near 2e-5 alone expected) then
            failtest $"{width}\n{Evaluate.text outputs}\nexpected %A{expected}\nactual %A{alone}"

        if not (identical (compiled width (2 + seed % 2) outputs values) alone) then
            failtest $"{width}: several threads and one differ\n{Evaluate.text outputs}"

let private input name dims = Expr.Input(name, shape dims)

let private measure (outputs: Expr list) =
    let options = CompileOptions(Threads = 1, Width = VectorWidth.Bits256)

    let struct (kernels, bytes) =
        Compile.Function(Graph(Array.ofList outputs), options).Measure()

    kernels, bytes

let private gradients (loss: Expr) (leaves: Expr list) =
    Gradient.Of(loss, Array.ofList leaves) |> List.ofSeq

/// Extents about the ends of vectors and tiles.
let private edges = [ 1; 3; 4; 7; 8; 10; 16; 17; 20; 32; 33; 64; 65; 130; 257 ]

let private crossEntropy rows classes =
    let scores = input "scores" [ rows; classes ]
    let labels = Expr.Input("labels", shape [ rows ], DType.I32)
    let loss = scores.SoftmaxCrossEntropy labels
    let slope = gradients loss [ scores ] |> List.head
    [ loss; slope; slope.Sum([| 0 |], true) ]

let private losses =
    testList "cross-entropy, its gradient and the bias's" [
        for classes in List.filter (fun n -> n > 2) edges do
            testCase $"{classes} classes"
            <| fun () ->
                agree 1 (crossEntropy 3 classes)
                agree 2 (crossEntropy 150 classes)

        testCase "walk the scores once"
        <| fun () -> Expect.isLessThanOrEqual (fst (measure (crossEntropy 64 10))) 2 "kernels: the walk, and the mean's division"
    ]

/// Normalises each channel over all else, scales, shifts, and cuts at 0.
let private normalise (x: Expr) (scale: Expr) (shift: Expr) =
    let axes = [| 0 .. x.Shape.Rank - 2 |]
    let centred = x - x.Mean(axes, true)
    let variance = (centred * centred).Mean(axes, true)
    (centred * (1.0 / (variance + 1e-3).Sqrt()) * scale + shift).Relu()

let private normalised dims =
    let channels = [ for _ in 2 .. List.length dims -> 1 ] @ [ List.last dims ]
    let x, scale, shift = input "x" dims, input "scale" channels, input "shift" channels
    let y = normalise x scale shift
    let loss = (y * input "w" dims).Sum()
    y, y :: gradients loss [ x; scale; shift ]

let private batchNorm =
    testList "batch norm" [
        for channels in edges do
            testCase $"{channels} channels, forward and backward"
            <| fun () ->
                agree 3 (snd (normalised [ 2; 3; 3; channels ]))
                agree 4 (snd (normalised [ 70; channels ]))

        testCase "forward: a walk for the mean, one for the variance, one for the rest"
        <| fun () ->
            let y, _ = normalised [ 8; 8; 8; 16 ]
            let kernels, bytes = measure [ y ]
            Expect.isLessThanOrEqual kernels 5 "kernels, the two of one row among them"
            Expect.isLessThanOrEqual bytes 4096L "bytes of the arena"
    ]

/// Each axis of two operands is whole in both, or of one alone.
let private pairs =
    gen {
        let! rank = Gen.choose (2, 4)
        let! extents = Gen.listOfLength rank (Gen.elements [ 1; 2; 3; 5; 8; 9; 16; 17; 33 ])
        let! kinds = Gen.listOfLength rank (Gen.choose (0, 2))
        let! axes = Gen.subListOf [ 0 .. rank - 1 ]
        let! kind = Gen.choose (0, 5)
        return extents, kinds, axes, kind
    }

let private reduced (x: Expr) axes kind =
    match kind with
    | 0 -> x.Max(axes, true)
    | 1 -> x.Min(axes, true)
    | 2 -> x.Mean(axes, true)
    | _ -> x.Sum(axes, true)

let private distances (n: int) (m: int) (d: int) =
    let x, y = input "x" [ n; 1; d ], input "y" [ 1; m; d ]
    let x, y = x.Tanh(), y.Tanh()
    x, y, (x - y).Abs()

let private broadcasts =
    testList "broadcast and fold" [
        testProperty "any axes of any pair"
        <| Prop.forAll (Arb.zip (Arb.fromGen pairs, seed)) (fun ((extents, kinds, axes, kind), seed) ->
            let side k = [ for extent, at in List.zip extents kinds -> if at = k then 1 else extent ]
            let a, b = input "a" (side 1), input "b" (side 2)
            let axes = Array.ofList (if axes = [] then [ 0 ] else axes)
            let y = reduced ((a - b).Abs()) axes kind
            agree seed (y :: (if kind > 2 then gradients ((y * y).Sum()) [ a; b ] else [])))

        for name, fold in
            [
                "L1", (fun (t: Expr) (axis: int) -> t.Sum([| axis |], true))
                "squared L2", (fun t axis -> (t * t).Sum([| axis |], true))
                "furthest", (fun t axis -> t.Max([| axis |], true))
                "nearest", (fun t axis -> t.Min([| axis |], true))
            ] do
            testCase $"{name} distances write nothing of all three axes"
            <| fun () ->
                for axis in 0..2 do
                    let _, _, t = distances 40 50 64
                    let y = fold t axis
                    agree axis [ y ]
                    Expect.isLessThanOrEqual (snd (measure [ y ])) (4L * (40L + 50L) * 64L + 4096L) $"bytes, over axis {axis}"

        testCase "nor do their gradients"
        <| fun () ->
            let x, y, t = distances 40 50 64
            let sums = t.Sum([| 2 |], true)
            let loss = sums.Tanh().Sum()
            let slopes = gradients loss [ input "x" [ 40; 1; 64 ]; input "y" [ 1; 50; 64 ] ]
            agree 5 slopes
            Expect.isLessThanOrEqual (snd (measure slopes)) 100_000L $"bytes: {x}, {y}, distances and their slopes"
    ]

/// Rows, and at the same time all of what they are made of, read from a buffer that another kernel wrote.
let private besideRows =
    testList "all of a matrix beside its rows" [
        for edge in List.filter (fun n -> n > 3) edges do
            testCase $"{edge} columns"
            <| fun () ->
                let x = input "x" [ edge; 1 ]
                let matrix = x.MatMul(x.T()).Pow(2.0) + 0.25

                for kind in 0..2 do
                    let all = reduced (matrix.Reshape(1, edge * edge)) [| 1 |] kind

                    for dtype in [ DType.F32; DType.F64 ] do
                        agree edge [ (matrix.Sqrt().Softmax()).WithDType dtype; all.WithDType dtype ]
    ]

let private columns =
    testList "sums of columns" [
        for wide in [ 1; 5; 16; 33; 100; 2048; 5001 ] do
            testCase $"{wide} columns"
            <| fun () ->
                for rows in [ 1; 2; 7; 70 ] do
                    let x = input "x" [ rows; wide ]
                    let y = x * 2.0 + input "row" [ 1; wide ]
                    agree wide [ y.Sum([| 0 |], true); (y * x).Max([| 0 |], true); x.Relu().Sum() ]
    ]

/// Vectors of several lengths, each with a gradient of its own, and Adam's moments of all.
let private adam count =
    let weights = [ for i in 1..count -> Expr.Parameter($"w{i}", shape [ 1; 3 + 7 * i ], Initialiser.Zeros) ]

    let loss =
        weights
        |> List.map (fun w -> (w * w + w).Tanh().Sum())
        |> List.reduce (fun a b -> a + b)

    let struct (updates, _) =
        Training.Descend(loss, ImmutableArray.CreateRange weights, Optimiser.Adam 1e-3)

    Compile.Function(Graph(ImmutableArray.Create loss, updates), CompileOptions(Threads = 1))

let private updates =
    testList "updates of small parameters" [
        testCase "are one kernel, however many"
        <| fun () ->
            let struct (few, _) = (adam 2).Measure()
            let struct (many, _) = (adam 9).Measure()
            Expect.isLessThanOrEqual many (few + 6) "kernels"

        testCase "write over what they read"
        <| fun () -> Expect.isFalse ((adam 5).Explain().Contains "copy") "a copy"
    ]

/// Layers of products, each normalised over the batch.
let private deep layers =
    let weights = [ for i in 1..layers -> input $"w{i}" [ 64; 64 ] ]
    let row name = input name [ 1; 64 ]

    let layer (x: Expr) (w: Expr) =
        normalise (x.MatMul w) (row "scale") (row "shift")

    let loss = (List.fold layer (input "x" [ 512; 64 ]) weights).Sum()
    loss :: gradients loss weights

let private memory =
    testList "memory" [
        testCase "what is computed again is not kept, and has the same bits"
        <| fun () ->
            let outputs = deep 8
            let values = Evaluate.randomBindings 6 outputs

            let run again =
                let options =
                    CompileOptions(Threads = 1, Width = VectorWidth.Bits256, Rematerialise = again)

                let f = Compile.Function(Graph(Array.ofList outputs), options)
                let struct (_, bytes) = f.Measure()
                bytes, [ for y in f.Call(bind outputs values) -> y.ToDoubles() ]

            let kept, expected = run false
            let less, actual = run true
            Expect.isTrue (identical actual expected) "the same bits"
            Expect.isLessThanOrEqual (float less) (0.8 * float kept) "bytes of the arena"

        testCase "a chain of steps takes turns in two buffers"
        <| fun () ->
            let w = input "w" [ 64; 64 ]
            let x = [ 1..6 ] |> List.fold (fun (x: Expr) _ -> x.MatMul w) (input "x" [ 64; 64 ])
            Expect.isLessThanOrEqual (snd (measure [ x ])) (3L * (64L * 64L * 4L + 512L)) "bytes: two results and the packed factor"
    ]

[<Tests>]
let tests =
    testList "reductions" [ losses; batchNorm; broadcasts; besideRows; columns; updates; memory ]
