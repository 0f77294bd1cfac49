/// Sizes, offsets and counts at their extremes: an exact shape, or an error in words; never a wrong small shape, and no other exception.
module Cv.Tests.ExtentsTests

open System
open System.Numerics
open System.Reflection
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private extremes = [ 0; 1; 2; 3; 1 <<< 15; 1 <<< 16; 1 <<< 30; Int32.MaxValue - 1; Int32.MaxValue ]
let private numbers = extremes @ [ -1; -2; Int32.MinValue ]

let private isLarge (value: BigInteger) = value > BigInteger Int32.MaxValue

/// What an op makes of types, if it makes something; what it throws must be an error in words.
let private inferred (op: Op) (operands: Expr list) =
    try
        Some (Expr.Of(op, Array.ofList operands)).Shape
    with :? GraphException as ex ->
        Expect.isGreaterThan ex.Text.Length 20 "rule, facts and fix"
        None

let private input (dims: int seq) = Expr.Input("x", shape dims)

/// An op gives the shape that was counted in big integers, or is refused; it may only be refused where the count passes an int, or the counter says so.
let private counts name op operands (expected: BigInteger list option) =
    match inferred op operands, expected with
    | Some shape, Some dims -> Expect.equal [ for dim in shape.ToArray() -> BigInteger dim ] dims name
    | Some shape, None -> failtest $"{name}: {shape} where it should be refused"
    | None, Some dims -> Expect.isTrue (List.exists isLarge dims) $"{name}: refused, though %A{dims} fits"
    | None, None -> ()

let private big (value: int) = BigInteger value

let private random = Random 5

let private pick (values: 'a list) = values[random.Next values.Length]

/// A value for a parameter of an op's constructor.
let rec private attribute (parameter: ParameterInfo) : (obj | null) option =
    let kind = parameter.ParameterType

    if kind = typeof<int> then
        Some(box (pick numbers))
    elif kind = typeof<uint32> then
        Some(box (uint32 (random.Next())))
    elif kind = typeof<bool> then
        Some(box (random.Next 2 = 0))
    elif kind = typeof<float> then
        Some(box (pick [ 0.0; 1.5; nan; infinity; 1e300 ]))
    elif kind = typeof<string> then
        Some(box "x")
    elif kind = typeof<DType> then
        Some(box (pick [ DType.F32; DType.F64; DType.I32; DType.Bool; enum<DType> 9 ]))
    elif kind = typeof<Dim> then
        Some(box (Dim(pick extremes)))
    elif kind = typeof<Shape> then
        Some(box (shape [ for _ in 1 .. random.Next 6 -> pick extremes ]))
    elif kind = typeof<TensorType> then
        Some(box (TensorType(pick [ DType.F32; DType.I32 ], shape [ for _ in 1 .. random.Next 6 -> pick extremes ])))
    elif kind = typeof<Axes> then
        Some(box (Axes(uint32 (pick numbers))))
    elif kind = typeof<Ints> then
        Some(box (Ints(ReadOnlySpan [| for _ in 1 .. random.Next 5 -> pick (numbers @ [ 0; 1; 2 ]) |])))
    elif kind = typeof<Window> then
        Some(
            box (
                Window(pick numbers, pick (1 :: 1 :: numbers), pick (0 :: 0 :: numbers), pick (0 :: 0 :: numbers), pick (1 :: 1 :: numbers))
            )
        )
    elif kind = typeof<Initialiser> then
        Some(box Initialiser.Zeros)
    elif kind = typeof<Parts> then
        Some(
            box (
                Parts.Of(
                    ReadOnlySpan [|
                        for _ in 1 .. random.Next 4 -> TensorType(DType.F32, shape [ for _ in 1 .. random.Next 3 -> pick extremes ])
                    |]
                )
            )
        )
    else
        None

/// An op whose attributes are drawn at their extremes; none where an attribute is a graph or a function.
let private drawn (op: Type) : Op option =
    op.GetConstructors(BindingFlags.Instance ||| BindingFlags.Public)
    |> Array.filter (fun made -> not (made.GetParameters() |> Array.exists (fun p -> p.ParameterType = op)))
    |> Array.tryHead
    |> Option.bind (fun made ->
        let arguments = made.GetParameters() |> Array.map attribute

        if Array.forall Option.isSome arguments then
            Some(made.Invoke(Array.map Option.get arguments) :?> Op)
        else
            None)

let private operand place =
    let dims = [ for _ in 1 .. random.Next 6 -> pick (1 :: 2 :: extremes) ]
    Expr.Input($"x{place}", shape dims, pick [ DType.F32; DType.F32; DType.F32; DType.I32; DType.Bool ])

/// Dims of what a window gives, in big integers; none where it is refused.
let private windows (window: Window) (extent: int) =
    let size, stride, dilation = big window.Size, big window.Stride, big window.Dilation
    let padded = big extent + big window.Low + big window.High
    let span = (size - BigInteger.One) * dilation + BigInteger.One

    if
        window.Size < 1
        || window.Stride < 1
        || window.Dilation < 1
        || window.Low < 0
        || window.High < 0
    then
        None
    elif span > padded || isLarge padded then
        None
    else
        Some((padded - span) / stride + BigInteger.One)

/// Tells whether each window covers a pixel, by a walk over all windows and places.
let private eachSees (window: Window) extent =
    Seq.forall
        (fun number ->
            Seq.exists
                (fun place -> let pixel = window.Pixel(number, place) in pixel >= 0 && pixel < extent)
                (seq { 0 .. window.Size - 1 }))
        (seq { 0 .. window.Count extent - 1 })

let private property name count gen check =
    testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = count } name (Prop.forAll (Arb.fromGen gen) check)

let private small = Gen.choose (0, 6)

let private refusedByWords name (act: unit -> 'a) =
    testCase name (fun () ->
        try
            act () |> ignore
            failtest "it is taken"
        with :? GraphException as ex ->
            Expect.stringContains ex.Text ";" "rule, facts and fix")

[<Tests>]
let tests =
    testList "extents" [
        for op in Catalogue.ops do
            testCase $"{op.Name} gives a shape or an error in words, whatever its numbers are"
            <| fun () ->
                for _ in 1..400 do
                    match
                        (try
                            drawn op
                         with :? TargetInvocationException as ex when (ex.InnerException :? GraphException) ->
                             None)
                    with
                    | None -> ()
                    | Some drawnOp ->
                        for count in 0..3 do
                            inferred drawnOp [ for place in 1..count -> operand place ] |> ignore

        property "pad counts what it adds" 2000 (Gen.four (Gen.elements numbers)) (fun (low, high, between, extent) ->
            let extent = max 0 extent

            let expected =
                if low < 0 || high < 0 || between < 0 then
                    None
                else
                    let padded =
                        big low
                        + big high
                        + big extent
                        + BigInteger.Max(BigInteger.Zero, big extent - BigInteger.One) * big between

                    if isLarge padded then None else Some [ padded ]

            counts "pad" (Pad(0, low, high, between)) [ input [ extent ] ] expected)

        property "concat counts what it joins" 500 (Gen.listOfLength 4 (Gen.elements extremes)) (fun extents ->
            let sum = extents |> List.sumBy big
            counts "concat" (Concat 0) [ for extent in extents -> input [ extent ] ] (if isLarge sum then None else Some [ sum ]))

        property
            "windows are counted as they are in big integers"
            5000
            (Gen.zip
                (Gen.map5
                    (fun size stride low high dilation -> Window(size, stride, low, high, dilation))
                    (Gen.elements numbers)
                    (Gen.elements numbers)
                    (Gen.elements numbers)
                    (Gen.elements numbers)
                    (Gen.elements numbers))
                (Gen.elements extremes))
            (fun (window, extent) ->
                let expected =
                    windows window extent
                    |> Option.map (fun count -> [ BigInteger.One; count; big extent; BigInteger.One ])

                counts
                    "sum_pool2d"
                    (SumPool2d(window, Window 1))
                    [ input [ 1; extent; extent; 1 ] ]
                    (if extent = 0 then None else expected))

        property
            "each window covers a pixel, or the first that does not is found"
            5000
            (Gen.zip
                (Gen.map5
                    (fun size stride low high dilation -> Window(size + 1, stride + 1, low, high, dilation + 1))
                    small
                    small
                    small
                    small
                    small)
                (Gen.map ((+) 1) small))
            (fun (window, extent) ->
                match windows window extent with
                | None -> ()
                | Some _ ->
                    let taken =
                        (inferred (MaxPool2d(window, Window 1)) (List.replicate 2 (input [ 1; extent; 1; 1 ]))).IsSome

                    Expect.equal taken (eachSees window extent) $"{window} over {extent}")

        property
            "same padding gives ceil(extent / stride) windows"
            1000
            (Gen.zip (Gen.elements (List.tail extremes)) (Gen.zip (Gen.elements (List.tail extremes)) (Gen.elements (List.tail extremes))))
            (fun (extent, (size, stride)) ->
                try
                    let pooled = (input [ 1; extent; 1; 1 ]).AvgPool(1, Nullable stride, Padding.Same)
                    Expect.equal (big pooled.Shape[1].Value) ((big extent + big stride - BigInteger.One) / big stride) $"{size}"
                with :? GraphException ->
                    ())

        property "slices count what they take" 3000 (Gen.four (Gen.elements numbers)) (fun (start, count, step, extent) ->
            let extent = max 0 extent
            let last = big start + (big count - BigInteger.One) * big step

            let expected =
                if start < 0 || count < 0 || step < 1 || (count > 0 && last >= big extent) then
                    None
                else
                    Some [ big count ]

            counts "slice" (Slice(0, start, count, step)) [ input [ extent ] ] expected)

        property
            "reshape keeps the count, in big integers"
            1000
            (Gen.zip (Gen.listOfLength 3 (Gen.elements extremes)) (Gen.listOfLength 3 (Gen.elements extremes)))
            (fun (from, into) ->
                let size dims =
                    List.fold (fun product dim -> product * big dim) BigInteger.One dims

                match inferred (Reshape(shape into)) [ input from ] with
                | Some _ -> Expect.equal (size from) (size into) "as many elements"
                | None -> Expect.isTrue (size from <> size into || size from > BigInteger Int64.MaxValue) "refused for its count")

        property "a product of dims is exact, or refused" 2000 (Gen.listOf (Gen.elements extremes)) (fun dims ->
            let dims = List.truncate 8 dims
            let exact = List.fold (fun product dim -> product * big dim) BigInteger.One dims

            try
                Expect.equal (BigInteger (Extents.Product(ReadOnlySpan [| for dim in dims -> Dim dim |])).Value) exact "the product"
            with :? ShapeException ->
                Expect.isTrue (exact > BigInteger Int64.MaxValue) "refused for its size")

        for name, act in
            [
                "a tensor of 33 dims", (fun () -> input (List.replicate 33 1))
                "a tensor of 10,000 dims", (fun () -> input (List.replicate 10000 2))
                "a padding of 2^30 on each side",
                (fun () -> (input [ 1; 4; 4; 1 ]).Conv2d(Expr.Input("w", shape [ 1; 1; 1; 1 ]), 1, Padding.Of(1 <<< 30)))
                "a pad of 2^31 - 1 on each side", (fun () -> (input [ 4 ]).Pad(0, Int32.MaxValue, Int32.MaxValue))
                "three times 1.5e9, joined", (fun () -> let c = input [ 1_500_000_000 ] in Expr.Concat(0, c, c, c))
                "filters of too many channels", (fun () -> (input [ 1; 4; 4; 65536 ]).DepthwiseConv(1, multiplier = 65536))
                "a transposed convolution that passes 2^31", (fun () -> (input [ 1; 65536; 1; 1 ]).ConvTranspose(1, 1, 65536))
                "axis 40 of a vector", (fun () -> Expr.Of(ArgMax 40, [| input [ 4 ] |]))
                "axis -1 of a join", (fun () -> Expr.Of(Concat -1, [| input [ 4 ] |]))
                "a product without an operand", (fun () -> Expr.Of(MatMul(), [| input [ 4; 4 ] |]))
                "a dtype that is none", (fun () -> Expr.Input("x", shape [ 4 ], enum<DType> 17))
            ] do
            refusedByWords name act

        testCase "symbols bound to extremes are refused in words, or keep their shape"
        <| fun () ->
            let n = Expr.Input("x", shapeOf [ Dim "N"; Dim 65536 ])

            for y in [ n.Sum(); n.Tanh(); n.Pad(1, 1, 1).Max(); n.Mean(); n.MatMul(Expr.Input("w", shape [ 65536; 2 ])) ] do
                for extent in extremes do
                    try
                        Compile.Function([| y |]).Measure(struct ("N", extent)) |> ignore
                    with :? GraphException as ex ->
                        Expect.isTrue (extent = 0 || int64 extent * 65536L > int64 Int32.MaxValue) $"{extent}: {ex.Text}"

        testCase "loops over nearly 2^31 elements have rows and units for all of them"
        <| fun () ->
            for size in [ 2_147_483_640; Int32.MaxValue; Int32.MaxValue - 4095; 1 <<< 30 ] do
                for width in Run.widths do
                    let y = Expr.Of(Not(), [| Expr.Input("x", shape [ size ], DType.Bool) |])
                    let schedule = Fuse.Run(Cv.Compiler.Graph([| y |]))
                    let step = schedule.Steps[0] :?> LoopStep
                    let lanes = Lanes(int width, DType.F32)
                    let geometry = LoopGeometry(step, Phases step, lanes)
                    Expect.isGreaterThanOrEqual (int64 geometry.Rows * int64 geometry.Columns) (int64 size) "the rows hold all elements"

                    Expect.isGreaterThanOrEqual
                        (int64 geometry.Blocks * int64 geometry.RowsPerBlock)
                        (int64 geometry.Rows)
                        "the blocks hold all rows"

                    Expect.isGreaterThan geometry.Units 0L "there is work"

        testCase "a summary of very large layers counts exactly, or says that it cannot"
        <| fun () ->
            let model = Model.Input(30000, 30000, 1).Conv(30000, 1)
            Expect.equal (model.Summary().Operations) (2L * 30000L * 30000L * 30000L + 30000L * 30000L * 30000L) "operations"
    ]
