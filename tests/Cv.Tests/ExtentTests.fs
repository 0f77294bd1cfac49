/// Code for many extents: what is dropped is told, once.
module Cv.Tests.ExtentTests

open System
open System.Collections.Generic
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private v = Expr.Input("v", shapeOf [ Dim "N" ])

let private told sizes cached =
    let heard = List<string>()

    let options =
        CompileOptions(CachedShapes = cached, Warn = fun text -> heard.Add text)

    let f = Compile.Function(Graph(v.Sum()), options)

    for n in sizes do
        let sum =
            (f.Call(Binding("v", Tensor.From(shape [ n ], Array.create n 1f)))[0]).Item()

        Expect.equal sum (float n) $"the sum of {n} ones"

    List.ofSeq heard

[<Tests>]
let tests =
    testList "extents" [
        testCase "as many as are kept are not spoken of"
        <| fun () -> Expect.isEmpty (told [ 1; 2; 3; 1; 2; 3 ] 3) "warnings"

        testCase "one more is told once, with the way out"
        <| fun () ->
            Expect.equal
                (told [ 1; 2; 3; 4; 1; 2; 3; 4 ] 3)
                [
                    "compile: a function keeps code for 3 sets of extents; N = 4 is one more. From now on code is dropped, and made again when its extents come back, which takes far longer than a call. Raise CompileOptions.CachedShapes, or call it by few sizes: function.InBatches(64)."
                ]
                "warnings"
    ]

let private image = Expr.Input("x", shapeOf [ Dim "N"; Dim 6; Dim 6; Dim 2 ])
let private rows = Expr.Input("x", shapeOf [ Dim "N"; Dim 12 ])
let private scores = rows.Dense(9).Relu().Dense(5)

let private sequence =
    let x = Expr.Input("x", shapeOf [ Dim "N"; Dim 4; Dim 3 ]).Transpose([| 1; 0; 2 |])

    let struct (last, _) =
        Expr.Scan(x.Sum([| 0 |]) * 0.0, x, Func<Expr, Expr, Expr>(fun h e -> (h + e).Tanh()))

    last

/// What can be cut, and whether one call gives the same bits: sums take an order that the shape decides.
let private apart = [
    "a dense net", scores, true
    "gates", rows.Gelu() * 2.0 + rows, true
    "softmax", scores.Softmax(), false
    "a convolution", image.Conv(4, 3).Relu().MaxPool(2).Flatten().Dense(3), false
    "batch norm, as it predicts", image.Conv(4, 3).BatchNorm().Relu().Flatten(), false
    "layer norm", rows.LayerNorm(), false
    "classes", scores.ArgMax(1), true
    "a loop over time", sequence, true
    "one hot", Expr.Input("x", shapeOf [ Dim "N" ], DType.I32).OneHot(4), true
]

let private batchOf (input: Named) rows =
    let shape = input.Type.Shape.Bind(dict [ "N", rows ] |> Dictionary)
    let noise = RandomStream(uint64 rows, "batch")
    let least = if input.Type.DType = DType.I32 then 0.0 else -2.0
    let values = Array.init shape.Size (fun i -> least + 4.0 * noise.Uniform(int64 i))
    Binding(input.Id, Tensor.From(shape, values).Cast input.Type.DType)

[<Tests>]
let batches =
    testList "in batches" [
        for name, output, exact in apart do
            testCase $"{name} gives what one call gives"
            <| fun () ->
                let heard = List<string>()
                let whole = Compile.Function(Graph(output), CompileOptions(CachedShapes = 100))
                // 8, 4, 2, 1 and 0: no other sizes
                let cut =
                    Compile.Function(Graph(output), CompileOptions(CachedShapes = 5, Warn = fun text -> heard.Add text)).InBatches(8)

                use state = ModelState.Initialise(whole.Leaves, 1UL)

                for n in [ (if name = "classes" then 4 else 0); 1; 2; 3; 5; 7; 8; 9; 16; 23; 40 ] do
                    let input = batchOf whole.Inputs[0] n
                    let expected, actual = whole.Call(state, input)[0], cut.Call(state, input)[0]
                    Expect.equal actual.Type expected.Type $"the type at {n}"

                    if exact then
                        Expect.equal (actual.ToDoubles()) (expected.ToDoubles()) $"the numbers at {n}"
                    else
                        for a, e in Seq.zip (actual.ToDoubles()) (expected.ToDoubles()) do
                            Expect.isLessThan (abs (a - e)) (2e-6 * max 1.0 (abs e)) $"the numbers at {n}"

                Expect.isEmpty heard "warnings"

        for name, output in
            [
                "a mean over the batch", rows - rows.Mean([| 0 |], keepDims = true)
                "softmax over the batch", rows.T().Softmax().T()
                "the batch turned round", rows.Flip(0)
                "a product over the batch", rows.MatMul(rows.T().MatMul(rows))
                "the place in the batch", rows + Expr.Iota(shapeOf [ Dim "N"; Dim 12 ], 0, DType.F32)
                "random numbers",
                rows
                + Expr.Uniform(rows.Shape, Expr.State("step", Shape.Scalar, 0.0, DType.I32), 1u)
                "foreign code", Hooks.hook "own" ignore rows
                "the count of examples", rows / (rows * 0.0 + 1.0).Sum([| 0 |], keepDims = true)
            ] do
            testCase $"{name} is refused"
            <| fun () ->
                Expect.throwsC (fun () -> Compile.Function(output).InBatches(8) |> ignore) (fun ex ->
                    Expect.isTrue (ex :? GraphException) $"a GraphException, not %O{ex}"
                    Expect.stringStarts ex.Message "in_batches: each example must be computed apart from the others; got " "the text")

        for name, graph, expected in
            [
                "a mean loss",
                Graph(rows.Mean()),
                "in_batches: each result must have a row for each example, and begin with a symbol; got f32[]. Give Input(\"x\", [\"N\", ...])."
                "an update",
                Hooks.graphOf [ rows ] [ Update(Expr.State("s", Shape.Scalar), Expr.State("s", Shape.Scalar) + rows.Sum()) ],
                "in_batches: the function must change no state, since each piece would; got an update of "
            ] do
            testCase $"{name} is refused"
            <| fun () ->
                Expect.throwsC (fun () -> Compile.Function(graph).InBatches(8) |> ignore) (fun ex ->
                    Expect.isTrue (ex :? GraphException) $"a GraphException, not %O{ex}"
                    Expect.stringStarts ex.Message expected "the text")

        testCase "a label out of range is named by its place in the whole batch"
        <| fun () ->
            let labels = Expr.Input("x", shapeOf [ Dim "N" ], DType.I32)
            let f = Compile.Function(labels.OneHot(4)).InBatches(2)

            Expect.throwsC
                (fun () ->
                    f.Call(ModelState.Empty, Binding("x", Tensor.From [| 0; 1; 2; 3; 0; 9 |]))
                    |> ignore)
                (fun ex -> Expect.stringContains ex.Message "got 9 at index 5" "the text")
    ]
