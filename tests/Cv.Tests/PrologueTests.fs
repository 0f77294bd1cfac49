/// Elementwise chains that products compute while they copy their factors: the interpreter's numbers, the bits of a factor that is written, fewer bytes.
module Cv.Tests.PrologueTests

open System.Collections.Generic
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Run
open Cv.Tests.TileEdgeTests
open Expecto

let private explain (outputs: Expr list) =
    Compile.Function(Graph(Array.ofList outputs), CompileOptions(Threads = 1)).Explain()

let private isCopied (text: string) = text.Contains "(as it is copied)"

/// What a factor may be made of, by name: each reads images, and operands that repeat along some axes. None maps 0 to 0, so padding shows.
let private chains: (string * (string -> int list -> Expr)) list =
    let factor f name dims =
        f (named name dims) (fun kind at -> named (name + kind) (List.mapi (fun i d -> if List.contains i at then d else 1) dims))

    [
        "scale, shift and ReLU", factor (fun x part -> (x * part "scale" [ 3 ] + part "shift" [ 3 ] + 0.5).Maximum 0.0)
        "a number", factor (fun x _ -> x * 2.0 + 1.0)
        "one for all", factor (fun x part -> x + part "one" [])
        "by pixel", factor (fun x part -> x - part "pixel" [ 0; 1; 2 ])
        "by image and channel", factor (fun x part -> x + part "squeezed" [ 0; 3 ])
        "by row", factor (fun x part -> 1.0 - x * part "row" [ 1 ])
        "by column of pixels", factor (fun x part -> x + part "line" [ 2 ])
        "a mask", factor (fun x part -> Expr.Select(Expr.Of(Greater(), [| x; part "least" [ 3 ] |]), x, 1.0 - x))
    ]

/// Windows that pad, stride, dilate, or read an image where it is.
let private windows = [ Window(3, 1, 1, 1); Window(2, 1, 0, 0); Window(3, 2, 1, 1); Window(2, 1, 2, 1, 2) ]

let private extent = 7

/// A convolution of the chain, the one back to the input, and the filters' gradient with the chain on either side.
let private products (chain: string -> int list -> Expr) (window: Window) channels filters groups = [
    let count = window.Count extent
    let image = [ 2; 5; extent; channels ]
    let rows = Window(3, 1, 1, 1)
    let w = named "w" [ 3; window.Size; channels / groups; filters ]
    Expr.Of(Conv2d(rows, window, groups), [| chain "x" image; w |])

    if count > 0 then
        let dy = chain "dy" [ 2; 5; count; filters ]
        Expr.Of(Conv2dInput(rows, window, groups, 5, extent), [| dy; w |])
        Expr.Of(Conv2dWeights(rows, window, groups), [| chain "x" image; named "dz" [ 2; 5; count; filters ] |])
        Expr.Of(Conv2dWeights(rows, window, groups), [| named "z" image; dy |])
]

let private againstWritten (y: Expr) =
    let rec source (e: Expr) =
        match e.Op with
        | :? Transpose
        | :? Reshape -> source e.Operands[0]
        | _ -> e

    let factor = y.Operands |> Seq.map source |> Seq.find (fun o -> o.Op :? Elementwise)
    let outputs = [ y; factor ]
    let values = Evaluate.randomBindings 2 outputs

    for threads in [ 1; 3 ] do
        let computed = compiled VectorWidth.Auto threads [ y ] values
        let written = compiled VectorWidth.Auto threads outputs values

        Expect.isTrue
            (identical computed [ written.Head ])
            $"the bits of a factor that is written, {threads} threads\n{Evaluate.text [ y ]}"

let private convolutions =
    testList "convolutions" [
        for name, chain in chains do
            for width in widths do
                testCase $"{name}, {width}"
                <| fun () ->
                    agrees width [
                        for i, window in List.indexed windows do
                            yield! products chain window (3 + 5 * i) (1 + 4 * i) 1

                        yield! products chain windows[0] (2 * lanes width) (lanes width + 1) 1
                        yield! products chain windows[0] 6 4 2
                        yield! products chain windows[2] 9 9 9
                    ]

            testCase $"{name}, the same bits as written"
            <| fun () ->
                for window in windows do
                    products chain window 5 6 1 |> List.iter againstWritten

                // pixels of a whole number of cache lines stand apart
                products chain windows[0] 64 8 1 |> List.iter againstWritten
                products chain windows[0] 8 8 8 |> List.iter againstWritten

        for width in widths do
            testCase $"any number of channels, {width}"
            <| fun () ->
                agrees width [
                    for channels in columnsOf width |> List.filter (fun c -> c % 3 = 1) do
                        yield! products (snd chains.Head) windows[0] channels 3 1
                ]
    ]

let private flat (rows: int) (x: Expr) = x.Reshape(rows, -1)

/// Products with the chain on the left, on the left transposed, and on the right; of matrices, batches of them, and images seen as matrices.
let private matrices (chain: string -> int list -> Expr) m k n = [
    (flat (2 * m) (chain "x" [ 1; 2; m; k ])).MatMul(named "b" [ k; n ])
    (flat (2 * k) (chain "x" [ 1; 2; k; m ])).T().MatMul(named "b" [ 2 * k; n ])
    (named "a" [ m; 2 * k ]).MatMul(flat (2 * k) (chain "y" [ 1; 2; k; n ]))
    (chain "x" [ 1; 2; m; k ]).MatMul(named "b" [ 1; 2; k; n ])
    (named "a" [ 1; 2; m; k ]).MatMul(chain "y" [ 1; 2; k; n ])
]

let private edges =
    testList "matrices" [
        for name, chain in chains do
            testCase $"{name}, the same bits as written"
            <| fun () ->
                for m, k, n in [ 5, 3, 17; 14, 7, 8; 61, 9, 33 ] do
                    matrices chain m k n |> List.iter againstWritten

            for width in widths do
                testCase $"{name}, {width}"
                <| fun () ->
                    let most = 2 * 3 * lanes width + 1

                    agrees width [
                        for m, k, n in [ 1, 1, 1; 4, 5, lanes width; 13, 2, most; most, lanes width + 1, 3; 30, 7, 19 ] do
                            yield! matrices chain m k n
                    ]

        testCase "more than a block of depth, on either side"
        <| fun () ->
            let chain = snd chains.Head
            let deep = matrices chain 50 1400 20
            agrees VectorWidth.Bits256 deep
            List.iter againstWritten deep

        testCase "a product of few columns is laid on its side, and reads what is written"
        <| fun () ->
            let y =
                (flat 100 (snd chains.Head "x" [ 1; 1; 100; 80 ])).T().MatMul(named "b" [ 100; 10 ])

            Expect.isFalse (isCopied (explain [ y ])) "written"
            agrees VectorWidth.Bits256 [ y ]
    ]

/// Batch norm in training, and ReLU.
let private normalised (x: Expr) =
    let channels = x.Shape[x.Shape.Rank - 1].Value
    let axes = [| 0 .. x.Shape.Rank - 2 |]

    let part name =
        named name [ for axis in 0 .. x.Shape.Rank - 1 -> if axis < x.Shape.Rank - 1 then 1 else channels ]

    let mean, variance = x.Mean(axes, true), x.Variance(axes, true)
    ((x - mean) * (part "scale" / (variance + 1e-5).Sqrt()) + part "shift").Relu()

/// Convolution, batch norm, ReLU, convolution: the classical chain, where it is large enough to be worth while.
let private block () =
    let x = named "image" [ 2; 8; 9; 32 ]
    let first, second = named "first" [ 3; 3; 32; 32 ], named "second" [ 3; 3; 32; 32 ]
    let window = Window(3, 1, 1, 1)

    let conv (x: Expr) w =
        Expr.Of(Conv2d(window, window, 1), [| x; w |])

    let hidden = normalised (conv x first)
    hidden, conv hidden second, [ first; second ]

let private decisions =
    testList "where it pays" [
        testCase "batch norm and ReLU are computed in the next convolution, forward and back"
        <| fun () ->
            let _, y, weights = block ()

            let outputs =
                y
                :: List.ofSeq (Gradient.Of((y * named "dy" [ 2; 8; 9; 32 ]).Sum(), Array.ofList weights))

            let text = explain outputs
            Expect.stringContains text "sub+mul+add+maximum+conv2d [" "forward"
            Expect.stringContains text "sub+mul+add+maximum+conv2d_weights [" "the filters' gradient"
            Expect.isFalse (text.Contains "loop sub+mul+add+maximum") $"no loop of its own\n{text}"

            for width in widths do
                agrees width outputs

        testCase "batch norm and ReLU between products, too"
        <| fun () ->
            let x, first, second =
                named "x" [ 96; 50 ], named "first" [ 50; 64 ], named "second" [ 64; 40 ]

            let y = (normalised (x.MatMul first)).MatMul second

            let outputs =
                y
                :: List.ofSeq (Gradient.Of((y * named "dy" [ 96; 40 ]).Sum(), [| first; second |]))

            let text = explain outputs
            Expect.stringContains text "sub+mul+add+maximum+gemm 96x64x40" "forward"
            Expect.stringContains text "sub+mul+add+maximum+gemm 64x96x40" "the weights' gradient"
            Expect.isFalse (text.Contains "loop sub+mul+add+maximum") $"no loop of its own\n{text}"

            for width in widths do
                agrees width outputs

        testCase "what a pool needs as well is written once"
        <| fun () ->
            let hidden, y, _ = block ()
            let w = Window(2, 1, 0, 0)
            let text = explain [ y; Expr.Of(MaxPool2d(w, w), [| hidden; hidden |]) ]
            Expect.isFalse (isCopied text) text

        testCase "what is made of two images, and read by four, is written once"
        <| fun () ->
            let x = named "a" [ 2; 8; 8; 32 ] + named "b" [ 2; 8; 8; 32 ]
            let window = Window(3, 1, 1, 1)

            let conv name =
                Expr.Of(Conv2d(window, window, 1), [| x; named name [ 3; 3; 32; 4 ] |])

            Expect.isFalse (isCopied (explain [ for i in 1..4 -> conv $"w{i}" ])) "four"
            Expect.isTrue (isCopied (explain [ conv "w" ])) "one"

        testCase "a result is written"
        <| fun () ->
            let x = named "a" [ 2; 8; 8; 3 ] * 2.0
            let window = Window(3, 1, 1, 1)
            Expect.isFalse (isCopied (explain [ x; Expr.Of(Conv2d(window, window, 1), [| x; named "w" [ 3; 3; 3; 4 ] |]) ])) "an output"

        testCase "costly functions and random numbers are not computed again"
        <| fun () ->
            let window = Window(3, 1, 1, 1)

            let conv (x: Expr) =
                Expr.Of(Conv2d(window, window, 1), [| x; named "w" [ 3; 3; 3; 4 ] |])

            Expect.isFalse (isCopied (explain [ conv ((named "a" [ 2; 8; 8; 3 ]).Tanh()) ])) "tanh"
            let dropped = Graph(conv ((named "a" [ 2; 8; 8; 3 ]).Dropout 0.5)).ForTraining()
            Expect.isFalse (isCopied (Compile.Function(dropped).Explain())) "dropout"

        testCase "an update does not overwrite what the chain reads"
        <| fun () ->
            let p = Expr.Parameter("p", Generators.shape [ 2; 6; 6; 4 ], Initialiser.Ones)
            let window = Window(3, 1, 1, 1)
            let w = named "w" [ 3; 3; 4; 4 ]

            let next (p: Expr) =
                p + Expr.Of(Conv2d(window, window, 1), [| p * 2.0 + 1.0; w |])

            let graph =
                Graph(ImmutableArray.Create(w.Sum()), ImmutableArray.Create(Update(p, next p)))

            let values = Array.init (2 * 6 * 6 * 4) (fun i -> float (i % 7) - 3.0)

            let expected =
                interpreted [ next (Expr.Input("p", p.Shape)) ] ([ "p", values ] @ Evaluate.randomBindings 3 [ w ])

            let f = Compile.Function(graph, CompileOptions(Threads = 2))
            Expect.isTrue (isCopied (f.Explain())) "computed as it is copied"

            use state =
                new ModelState([ KeyValuePair("p", Tensor.From(Generators.shape [ 2; 6; 6; 4 ], values).Cast DType.F32) ])

            f.Call(state, bind [ w ] (Evaluate.randomBindings 3 [ w ])) |> ignore
            Expect.isTrue (near 1e-5 [ state["p"].ToDoubles() ] expected) "the new value"
    ]

[<Tests>]
let tests = testList "prologues" [ convolutions; edges; decisions ]
