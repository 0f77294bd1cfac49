/// Sums of many terms: the bits that docs/SEMANTICS.md promises, and an error that does not grow with their length.
module Cv.Tests.LongSumTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

/// Pseudo-random bits of an index, 24 of them: benchmarks/long_sums_torch.py makes the same.
let private bits (seed: int) (i: int) =
    let h = (uint32 i + 1u) * 2654435761u + uint32 seed * 40503u
    let h = (h ^^^ (h >>> 15)) * 2246822519u
    (h ^^^ (h >>> 13)) >>> 8

let private uniform seed i = float32 (bits seed i) / 16777216f

let private fill (shape: Shape) (value: int -> float32) =
    let tensor = Tensor.Zeros(shape)
    let numbers = tensor.AsSpan<float32>()

    for i in 0 .. numbers.Length - 1 do
        numbers[i] <- value i

    tensor

let private signed seed i = 2f * uniform seed i - 1f

/// An input whose values are its name's own, and how to find one.
type private Factor = { Node: Expr; Value: int list -> float; Binding: DType -> Binding }

let private factor dtype (name: string) (dims: int list) =
    let seed = name.Length * 31 + int name[0]
    let strides = List.scanBack (*) dims 1 |> List.tail
    let values = Array.init (List.fold (*) 1 dims) (signed seed)

    {
        Node = Expr.Input(name, shape dims, dtype)
        Value = fun index -> float values[List.sumBy (fun (i, s) -> i * s) (List.zip index strides)]
        Binding = fun dtype -> Binding(name, Tensor.From(shape dims, values).Cast dtype)
    }

/// A product of every emitter and reading: its node, its inputs, and the terms of an element.
let private products dtype k =
    let factor name dims =
        let made = factor dtype name dims
        made, made.Node

    let a, ea = factor "a" [ 29; k ]
    let b, eb = factor "bb" [ k; 21 ]
    let at, eat = factor "ttt" [ k; 70 ]
    let bt, ebt = factor "uuuu" [ 21; k ]
    let few, efew = factor "fewer" [ k; 10 ]
    let p, ep = factor "pppppp" [ 2; 5; k ]
    let q, eq = factor "qqqqqqq" [ 2; k; 3 ]
    let s, es = factor "ssssssss" [ 21 ]

    let element (x: Factor) (y: Factor) (left: int -> int list) (right: int -> int list) =
        Sums.ofProducts dtype (left >> x.Value) (right >> y.Value) k

    let round (x: float) =
        if dtype = DType.F32 then float (float32 x) else x

    let cases = [
        "rows", ea.MatMul eb, [ 29; 21 ], (fun i j -> element a b (fun k -> [ i; k ]) (fun k -> [ k; j ]))
        "columns", eat.T().MatMul eb, [ 70; 21 ], (fun i j -> element at b (fun k -> [ k; i ]) (fun k -> [ k; j ]))
        "rows by rows", ea.MatMul(ebt.T()), [ 29; 21 ], (fun i j -> element a bt (fun k -> [ i; k ]) (fun k -> [ j; k ]))
        "columns by rows", eat.T().MatMul(ebt.T()), [ 70; 21 ], (fun i j -> element at bt (fun k -> [ k; i ]) (fun k -> [ j; k ]))
        "narrow", eat.T().MatMul efew, [ 70; 10 ], (fun i j -> element at few (fun k -> [ k; i ]) (fun k -> [ k; j ]))
        "a column by itself",
        efew.Slice(1, 0, 1).T().MatMul(efew.Slice(1, 0, 1)),
        [ 1; 1 ],
        (fun _ _ -> element few few (fun k -> [ k; 0 ]) (fun k -> [ k; 0 ]))
        "batch", ep.MatMul(eq).Reshape(10, 3), [ 10; 3 ], (fun i j -> element p q (fun k -> [ i / 5; i % 5; k ]) (fun k -> [ i / 5; k; j ]))
        "epilogue",
        ((ea.MatMul eb + es.Reshape(1, 21)).Maximum 0.0) * 2.0,
        [ 29; 21 ],
        (fun i j ->
            let sum = element a b (fun k -> [ i; k ]) (fun k -> [ k; j ])
            2.0 * max 0.0 (round (sum + s.Value [ j ])))
        "prologue",
        ((ea * 0.5 - 1.0).Maximum 0.0).MatMul((eb * 2.0).Maximum -1.0),
        [ 29; 21 ],
        (fun i j ->
            Sums.ofProducts dtype (fun k -> max 0.0 (round (a.Value [ i; k ] * 0.5 - 1.0))) (fun k -> max -1.0 (b.Value [ k; j ] * 2.0)) k)
    ]

    cases, [ a; b; at; bt; few; p; q; s ]

let private run (options: CompileOptions) dtype cases (factors: Factor list) =
    let outputs = cases |> List.map (fun (_, y, _, _) -> y) |> Array.ofList

    let f = Compile.Function(Graph outputs, options)

    f.Call [| for x in factors -> x.Binding dtype |]
    |> Seq.map _.ToDoubles()
    |> List.ofSeq

/// About the ends of blocks, of what is one chain, and of a kernel's stretches.
let private depths =
    let b, most = Sums.block, Sums.mostUncut

    [
        b - 1
        b
        b + 1
        2 * b + 1
        10 * b + 7
        most
        most + 1
        most + b
        most + 2 * b - 1
        most + 10 * b + 7
        2 * most + b + 1
    ]

let private sameBits dtype index k =
    let cases, factors = products dtype k

    let expected =
        cases
        |> List.map (fun (_, _, dims, element) -> Array.init (dims[0] * dims[1]) (fun at -> element (at / dims[1]) (at % dims[1])))

    for width in Run.widths do
        let tiles = GemmTile.Candidates(Lanes(int width, dtype))
        let threads = 1 + (index + int width / 128) % 3

        let ways = [
            CompileOptions(Threads = threads, Width = width)
            CompileOptions(Threads = 1 + threads % 3, Width = width, Tile = tiles[index % tiles.Length])
        ]

        for options in ways do
            let found = run options dtype cases factors

            for (name, _, _, _), expected, found in List.zip3 cases expected found do
                let wrong =
                    Seq.zip expected found |> Seq.filter (fun (a, b) -> a <> b) |> Seq.length

                Expect.equal
                    wrong
                    0
                    $"{name}, {k} terms, {int width} bits, {options.Threads} threads, tile {options.Tile}: numbers that differ"

[<Tests>]
let bitsOfProducts =
    testList "products of any length have the bits that SEMANTICS says" [
        for index, k in List.indexed depths do
            testCase $"{k} terms" <| fun () -> sameBits DType.F32 index k

        testCase "f64"
        <| fun () -> sameBits DType.F64 1 (Sums.mostUncut + 10 * Sums.block + 7)
    ]

/// What the terms are.
type private Kind =
    | Tenths
    | Uniform
    | Signed

let private value kind seed =
    match kind with
    | Tenths -> fun _ -> 0.1f
    | Uniform -> uniform seed
    | Signed -> signed seed

let private whole extent = Window(extent, 1, 0, 0)
let private padded = Window(3, 1, 1, 1)

/// The gradient of square filters, from images and cotangents.
let private filters (window: Window) groups (x: Expr) (dy: Expr) =
    Expr.Of(Conv2dWeights(window, window, groups), [| x; dy |])

/// A chain of several ops, none of which rounds.
let private clipped (x: Expr) =
    [ 0.0625, 0.875; 0.078125, 0.75; 0.09375, 0.6875 ]
    |> List.fold (fun (x: Expr) (low, high) -> x.Maximum(low).Minimum high) x

/// Long sums, by name: the shapes of the operands, what is made of them, and how much PyTorch is off.
let private sums: (string * (int list list * (Expr list -> Expr))) list =
    let of1 f =
        function
        | [ x ] -> f x
        | _ -> failwith "one operand"

    let of2 f =
        function
        | [ x; y ] -> f x y
        | _ -> failwith "two operands"

    let transposed = of2 (fun (x: Expr) (y: Expr) -> x.T().MatMul y)
    let matrix = of2 (fun (x: Expr) (y: Expr) -> x.MatMul y)
    let itself = of1 (fun (x: Expr) -> x.T().MatMul x)
    let columns = of1 (fun (x: Expr) -> x.Sum 0)
    let rows = of1 (fun (x: Expr) -> x.Sum 1)
    let all = of1 (fun (x: Expr) -> x.Sum())

    [
        "a column by itself, 100000", ([ [ 100000; 1 ] ], itself)
        "a column by itself, 1000000", ([ [ 1000000; 1 ] ], itself)
        "a column by itself, 10000000", ([ [ 10000000; 1 ] ], itself)
        "a row by a column, 1000000", ([ [ 1; 1000000 ]; [ 1000000; 1 ] ], matrix)
        "a dense layer's gradient, 100000", ([ [ 100000; 10 ]; [ 100000; 8 ] ], transposed)
        "a dense layer's gradient, 1000000", ([ [ 1000000; 10 ]; [ 1000000; 8 ] ], transposed)
        "a wide layer's gradient, 100000", ([ [ 100000; 70 ]; [ 100000; 33 ] ], transposed)
        "a narrow layer's gradient, 100000", ([ [ 100000; 70 ]; [ 100000; 10 ] ], transposed)
        "a batch of products, 100000", ([ [ 2; 3; 100000 ]; [ 2; 100000; 5 ] ], matrix)
        "a sum, 100000", ([ [ 100000 ] ], all)
        "a sum, 1000000", ([ [ 1000000 ] ], all)
        "a sum, 10000000", ([ [ 10000000 ] ], all)
        "a mean, 1000000", ([ [ 1000000 ] ], of1 (fun x -> x.Mean()))
        "sums of columns, 100000", ([ [ 100000; 4 ] ], columns)
        "sums of columns, 1000000", ([ [ 1000000; 4 ] ], columns)
        "sums of wide columns, 100000", ([ [ 100000; 67 ] ], columns)
        "sums of very wide columns, 5000", ([ [ 5000; 2100 ] ], columns)
        "sums of a chain's columns, 100000", ([ [ 100000; 67 ] ], of1 (fun x -> (clipped x).Sum 0))
        "sums of rows, 100000", ([ [ 5; 100000 ] ], rows)
        "sums of rows, 1000000", ([ [ 5; 1000000 ] ], rows)
        "sums over scattered axes, 120000", ([ [ 300; 8; 400 ] ], of1 (fun x -> x.Sum(0, 2)))
        "sums of squares, 1000000", ([ [ 1000000 ] ], of1 (fun x -> (x * x).Sum()))
        "a variance, 100000", ([ [ 100000 ] ], of1 (fun x -> x.Variance()))
        "a variance, 1000000", ([ [ 1000000 ] ], of1 (fun x -> x.Variance()))
        "variances of columns, 100000", ([ [ 100000; 4 ] ], of1 (fun x -> x.Variance 0))
        "a convolution, 125000", ([ [ 1; 252; 252; 2 ]; [ 250; 250; 2; 3 ] ], of2 (fun x w -> x.Conv2d(w, whole 250, whole 250)))
        "filters' gradient, 131072", ([ [ 8; 128; 128; 4 ]; [ 8; 128; 128; 8 ] ], of2 (filters padded 1))
        "filters' gradient, 992016", ([ [ 1; 998; 998; 1 ]; [ 1; 996; 996; 2 ] ], of2 (filters (whole 3) 1))
        "gradient of filters of one pixel, 1000000", ([ [ 4; 500; 500; 2 ]; [ 4; 500; 500; 3 ] ], of2 (filters (whole 1) 1))
        "gradient of filters by channel, 131072", ([ [ 8; 128; 128; 5 ]; [ 8; 128; 128; 5 ] ], of2 (filters padded 5))
        "averages of windows, 102400", ([ [ 1; 322; 321; 3 ] ], of1 (fun x -> x.SumPool2d(whole 320, whole 320) / x.Like 102400.0))
    ]

/// How far PyTorch's sums are from the exact ones, as parts of a result's largest element: benchmarks/long_sums_torch.py prints the table. A single sum of signed
/// numbers is left out: nearly all of it cancels, and which of two such errors is the larger is chance.
let private theirs = [
    ("a column by itself, 100000", Tenths), 6.7e-04
    ("a column by itself, 100000", Uniform), 1.3e-05
    ("a column by itself, 100000", Signed), 1.6e-05
    ("a column by itself, 1000000", Tenths), 1.3e-02
    ("a column by itself, 1000000", Uniform), 3.7e-04
    ("a column by itself, 1000000", Signed), 3.8e-04
    ("a column by itself, 10000000", Tenths), 2.2e-04
    ("a column by itself, 10000000", Uniform), 2.2e-06
    ("a column by itself, 10000000", Signed), 5.1e-07
    ("a row by a column, 1000000", Tenths), 1.3e-02
    ("a row by a column, 1000000", Uniform), 1.5e-04
    ("a row by a column, 1000000", Signed), 7.5e-06
    ("a dense layer's gradient, 100000", Tenths), 2.6e-06
    ("a dense layer's gradient, 100000", Uniform), 6.1e-07
    ("a dense layer's gradient, 100000", Signed), 6.2e-07
    ("a dense layer's gradient, 1000000", Tenths), 3.2e-05
    ("a dense layer's gradient, 1000000", Uniform), 2.1e-06
    ("a dense layer's gradient, 1000000", Signed), 1.6e-06
    ("a wide layer's gradient, 100000", Tenths), 2.6e-06
    ("a wide layer's gradient, 100000", Uniform), 9.4e-07
    ("a wide layer's gradient, 100000", Signed), 7.3e-07
    ("a narrow layer's gradient, 100000", Tenths), 2.6e-06
    ("a narrow layer's gradient, 100000", Uniform), 8.9e-07
    ("a narrow layer's gradient, 100000", Signed), 9.6e-07
    ("a batch of products, 100000", Tenths), 2.6e-06
    ("a batch of products, 100000", Uniform), 6.8e-07
    ("a batch of products, 100000", Signed), 3.9e-07
    ("a sum, 100000", Tenths), 8.3e-08
    ("a sum, 100000", Uniform), 2.8e-08
    ("a sum, 1000000", Tenths), 6.3e-08
    ("a sum, 1000000", Uniform), 2.6e-08
    ("a sum, 10000000", Tenths), 5.8e-07
    ("a sum, 10000000", Uniform), 4.7e-08
    ("a mean, 1000000", Tenths), 7.5e-08
    ("a mean, 1000000", Uniform), 2.1e-08
    ("sums of columns, 100000", Tenths), 1.1e-07
    ("sums of columns, 100000", Uniform), 1.9e-07
    ("sums of columns, 100000", Signed), 1.7e-07
    ("sums of columns, 1000000", Tenths), 8.7e-07
    ("sums of columns, 1000000", Uniform), 2.2e-07
    ("sums of columns, 1000000", Signed), 3.0e-07
    ("sums of wide columns, 100000", Tenths), 1.1e-07
    ("sums of wide columns, 100000", Uniform), 1.5e-07
    ("sums of wide columns, 100000", Signed), 1.5e-07
    ("sums of very wide columns, 5000", Tenths), 1.7e-07
    ("sums of very wide columns, 5000", Uniform), 1.8e-07
    ("sums of very wide columns, 5000", Signed), 1.4e-07
    ("sums of a chain's columns, 100000", Tenths), 1.1e-07
    ("sums of a chain's columns, 100000", Uniform), 2.1e-07
    ("sums of a chain's columns, 100000", Signed), 1.8e-07
    ("sums of rows, 100000", Tenths), 8.3e-08
    ("sums of rows, 100000", Uniform), 3.8e-08
    ("sums of rows, 100000", Signed), 6.0e-08
    ("sums of rows, 1000000", Tenths), 6.3e-08
    ("sums of rows, 1000000", Uniform), 4.8e-08
    ("sums of rows, 1000000", Signed), 1.8e-07
    ("sums over scattered axes, 120000", Tenths), 6.6e-08
    ("sums over scattered axes, 120000", Uniform), 3.5e-07
    ("sums over scattered axes, 120000", Signed), 3.3e-07
    ("sums of squares, 1000000", Tenths), 6.8e-08
    ("sums of squares, 1000000", Uniform), 1.2e-08
    ("sums of squares, 1000000", Signed), 7.6e-08
    ("a variance, 100000", Uniform), 9.5e-09
    ("a variance, 100000", Signed), 9.5e-09
    ("a variance, 1000000", Uniform), 1.3e-08
    ("a variance, 1000000", Signed), 1.3e-08
    ("variances of columns, 100000", Uniform), 3.9e-08
    ("variances of columns, 100000", Signed), 3.9e-08
    ("a convolution, 125000", Tenths), 7.3e-04
    ("a convolution, 125000", Uniform), 1.2e-05
    ("a convolution, 125000", Signed), 1.0e-05
    ("filters' gradient, 131072", Tenths), 7.4e-04
    ("filters' gradient, 131072", Uniform), 1.7e-05
    ("filters' gradient, 131072", Signed), 7.1e-06
    ("filters' gradient, 992016", Tenths), 1.3e-02
    ("filters' gradient, 992016", Uniform), 1.7e-04
    ("filters' gradient, 992016", Signed), 1.7e-05
    ("gradient of filters of one pixel, 1000000", Tenths), 3.2e-05
    ("gradient of filters of one pixel, 1000000", Uniform), 1.5e-06
    ("gradient of filters of one pixel, 1000000", Signed), 2.8e-06
    ("gradient of filters by channel, 131072", Tenths), 7.4e-04
    ("gradient of filters by channel, 131072", Uniform), 1.5e-05
    ("gradient of filters by channel, 131072", Signed), 9.9e-06
    ("averages of windows, 102400", Tenths), 2.3e-04
    ("averages of windows, 102400", Uniform), 1.8e-06
    ("averages of windows, 102400", Signed), 5.8e-06
]

/// The largest number, and how far apart two results are.
let private difference (found: float[]) (exact: float[]) =
    let largest = exact |> Array.map abs |> Array.max
    largest, Seq.zip found exact |> Seq.map (fun (a, b) -> abs (a - b)) |> Seq.max

/// The operands of a sum, and the sum of them cast to a dtype.
let private terms kind (name: string) (dtype: DType) =
    let shapes, make = Map.find name (Map.ofList sums)

    let operands =
        shapes
        |> List.mapi (fun i dims -> Expr.Input($"x{i}", shape dims), fill (shape dims) (value kind (i + 1)))

    let bindings = [| for i, (_, numbers) in List.indexed operands -> Binding($"x{i}", numbers) |]

    Graph(make [ for x, _ in operands -> x.Cast dtype ]), bindings

let private isNear kind (name: string) =
    let graph, bindings = terms kind name DType.F64
    let exact = Interpreter.Run(graph, null, bindings) |> Seq.head |> _.ToDoubles()
    let theirs = (dict theirs)[(name, kind)]
    let graph, bindings = terms kind name DType.F32

    let widths =
        if name.EndsWith(", 100000", StringComparison.Ordinal) then
            Run.widths
        else
            List.tail Run.widths

    for width in widths do
        let f = Compile.Function(graph, CompileOptions(Threads = 2, Width = width))
        let found = f.Call bindings |> Seq.head |> _.ToDoubles()
        let largest, off = difference found exact
        let ulp = float (MathF.BitIncrement(float32 largest) - float32 largest)
        let allowed = max (4.0 * ulp) (2.0 * theirs * largest)

        Expect.isLessThanOrEqual
            off
            allowed
            $"{name}, {kind}, {int width} bits: off by %.2f{off / ulp} ulp; PyTorch by %.2f{theirs * largest / ulp}"

[<Tests>]
let errors =
    testList "a long sum is as near as PyTorch's, or 4 ulp" [
        for (name, kind), _ in theirs do
            testCase $"{name}, {kind}" <| fun () -> isNear kind name
    ]

/// The gradient by what every step of a scan multiplies: the sum of a tenth for each step.
let private slopeOfScan (steps: Dim) =
    let w, xs = Expr.Input("w", shape [ 1 ]), Expr.Input("xs", shapeOf [ steps; Dim 1 ])

    let step =
        Func<Expr, Expr, struct (Expr * Expr)>(fun state x -> struct (state, x * w))

    let struct (_, outputs) = Expr.Scan(Expr.Input("first", shape [ 1 ]), xs, step)
    (Gradient.Of(outputs.Sum(), [| w |]))[0]

[<Tests>]
let scans =
    testList "the gradient of a constant over many steps of a scan" [
        for name, steps in [ "known", Dim 1000000; "symbolic", Dim "T" ] do
            testCase $"{name} length"
            <| fun () ->
                use xs = fill (shape [ 1000000; 1 ]) (fun _ -> 0.1f)
                let f = Compile.Function(Graph(slopeOfScan steps), CompileOptions(Threads = 1))

                let bindings = [|
                    for input in f.Inputs do
                        match input.Id with
                        | "xs" -> Binding("xs", xs)
                        | name -> Binding(name, Tensor.From(shape [ 1 ], [| 0f |]))
                |]

                let found = f.Call bindings |> Seq.head |> _.ToDoubles() |> Array.exactlyOne
                Expect.isLessThanOrEqual (abs (found - 1e6 * float 0.1f)) (4.0 * 0.0078125) "the sum, within 4 ulp"
    ]
