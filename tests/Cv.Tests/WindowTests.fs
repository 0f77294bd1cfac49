/// What windows over images compute: against formulas over indices, by hand, and each op against its adjoints.
module Cv.Tests.WindowTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Cases
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Cv.Tests.Reference
open Expecto
open FsCheck
open FsCheck.FSharp

/// A property of random numbers, and of a case that prints.
let private holds name (cases: Gen<'a>) property =
    testProperty name (Prop.forAll (Arb.zip (Arb.fromGen cases, seed)) property)

let private windows =
    let any =
        gen {
            let! extent = Gen.choose (1, 9)
            let! window = window extent
            return extent, window
        }

    testList "windows" [
        holds "are as many as begin and end in the image and its zeros" any (fun ((extent, window), _) ->
            let first, last = -window.Low, extent + window.High - window.Extent
            Expect.equal (window.Count extent) (Seq.length (seq { first .. window.Stride .. last })) "count")

        holds "reach from their first pixel to their last" any (fun ((_, window), _) ->
            Expect.equal (window.Pixel(0, window.Size - 1) - window.Pixel(0, 0) + 1) window.Extent "extent")

        testCase "none fits where one is larger than the image"
        <| fun () -> Expect.equal (Window(5).Count 4, Window(3, 2, Dilation = 2).Count 4, Window(4).Count 4) (0, 0, 1) "counts"

        testCase "print what is not usual"
        <| fun () ->
            Expect.equal
                ([ Window 3; Window(3, 2, 1, 0); Window(2, Dilation = 3) ] |> List.map string)
                [ "3"; "3 stride 2 pad 1 0"; "2 dilation 3" ]
                "text"

        testCase "an op prints its windows, and what both axes share once"
        <| fun () ->
            let text (y: Window) (x: Window) groups =
                Expr
                    .Of(Conv2d(y, x, groups), [| typed DType.F32 [ 1; 6; 6; 2 ]; typed DType.F32 [ y.Size; x.Size; 2 / groups; 2 ] |])
                    .ToString()

            Expect.equal
                [ text (Window 3) (Window 3) 1; text (Window(3, 2, 1, 1)) (Window(3, 2, 1, 1)) 2; text (Window 3) (Window(2, 2)) 1 ]
                [
                    "conv2d 3x3 : f32[1,4,4,2]"
                    "conv2d 3x3 stride 2 pad 1 1 groups 2 : f32[1,3,3,2]"
                    "conv2d (3)x(2 stride 2) : f32[1,4,3,2]"
                ]
                "dumps"
    ]

/// The pixel at an index, 0 in the padding.
let private pixel (dims: int list) values (index: int list) =
    match index with
    | [ _; y; x; _ ] when y >= 0 && y < dims[1] && x >= 0 && x < dims[2] -> element dims values index
    | _ -> 0.0

/// The places of a window that lie on the image, row-major.
let private covered (dims: int list) (y: Window) (x: Window) oy ox = [
    for ky in 0 .. y.Size - 1 do
        for kx in 0 .. x.Size - 1 do
            let iy, ix = y.Pixel(oy, ky), x.Pixel(ox, kx)

            if iy >= 0 && iy < dims[1] && ix >= 0 && ix < dims[2] then
                iy, ix
]

let private formulas =
    testList "formulas" [
        holds
            "conv2d is the sum over a window and a group's channels"
            (convolution (fun y x groups dims filters results -> y, x, groups, dims, filters, results))
            (fun ((y, x, groups, dims, filters, results), seed) ->
                let values = numbers seed [ size dims; size filters ]
                let depth, each = filters[2], filters[3] / groups

                let expected =
                    tensor results (fun index ->
                        let n, oy, ox, f = index[0], index[1], index[2], index[3]

                        (0.0, indices [ y.Size; x.Size; depth ])
                        ||> List.fold (fun sum place ->
                            let at = [ n; y.Pixel(oy, place[0]); x.Pixel(ox, place[1]); f / each * depth + place[2] ]

                            sum
                            + pixel dims values[0] at
                              * element filters values[1] [ place[0]; place[1]; place[2]; f ]))

                let conv = (f64 "x" dims).Conv2d(f64 "w" filters, y, x, groups)
                Expect.equal conv.Shape (shape results) "the shape"
                sameNumbers (Evaluate.value [ "x", values[0]; "w", values[1] ] conv) expected "the elements")

        holds
            "max_pool2d takes the largest"
            (pool seeingWindow (fun y x dims results -> y, x, dims, results))
            (fun ((y, x, dims, results), seed) ->
                let values = numbers seed [ size dims; size dims ]

                let place (index: int list) =
                    covered dims y x index[1] index[2]
                    |> List.map (fun (iy, ix) -> [ index[0]; iy; ix; index[3] ])
                    |> List.maxBy (element dims values[0])

                let images, others = f64 "x" dims, f64 "others" dims
                let bindings = [ "x", values[0]; "others", values[1] ]
                let own = images.MaxPool2d(y, x)
                let chosen = Expr.Of(MaxPool2d(y, x), [| images; others |])
                Expect.equal own.Shape (shape results) "the shape"
                sameNumbers (Evaluate.value bindings own) (tensor results (place >> element dims values[0])) "its own"
                sameNumbers (Evaluate.value bindings chosen) (tensor results (place >> element dims values[1])) "another's at its places")

        holds "sum_pool2d adds up" (pool window (fun y x dims results -> y, x, dims, results)) (fun ((y, x, dims, results), seed) ->
            let values = numbers seed [ size dims ] |> List.head

            let expected =
                tensor results (fun index ->
                    (0.0, covered dims y x index[1] index[2])
                    ||> List.fold (fun sum (iy, ix) -> sum + element dims values [ index[0]; iy; ix; index[3] ]))

            sameNumbers (Evaluate.value [ "x", values ] ((f64 "x" dims).SumPool2d(y, x))) expected "the elements")
    ]

let private dot (a: float[]) (b: float[]) =
    Array.fold2 (fun sum a b -> sum + a * b) 0.0 a b

/// The products of (A u, v) and of (u, A* v) are one: what makes a linear function the adjoint of another.
let private adjoints =
    let same a b =
        Expect.floatClose Accuracy.veryHigh a b "the products"

    testList "adjoints" [
        holds
            "convolution by its images and by its filters"
            (convolution (fun y x groups dims filters results -> y, x, groups, dims, filters, results))
            (fun ((y, x, groups, dims, filters, results), seed) ->
                let values = numbers seed [ size dims; size filters; size results ]
                let bindings = List.zip [ "x"; "w"; "y" ] values
                let images, w, back = f64 "x" dims, f64 "w" filters, f64 "y" results

                let product =
                    dot (Evaluate.value bindings (images.Conv2d(w, y, x, groups))) values[2]

                let spread = Expr.Of(Conv2dInput(y, x, groups, dims[1], dims[2]), [| back; w |])

                let weights = Expr.Of(Conv2dWeights(y, x, groups), [| images; back |])
                Expect.equal (spread.Shape, weights.Shape) (shape dims, shape filters) "shapes"
                same (dot values[0] (Evaluate.value bindings spread)) product
                same (dot values[1] (Evaluate.value bindings weights)) product)

        holds
            "max pooling by its values"
            (pool seeingWindow (fun y x dims results -> y, x, dims, results))
            (fun ((y, x, dims, results), seed) ->
                let values = numbers seed [ size dims; size dims; size results ]
                let bindings = List.zip [ "x"; "v"; "y" ] values
                let forward = Expr.Of(MaxPool2d(y, x), [| f64 "x" dims; f64 "v" dims |])
                let back = Expr.Of(MaxPool2dInput(y, x), [| f64 "x" dims; f64 "y" results |])
                same (dot (Evaluate.value bindings forward) values[2]) (dot values[1] (Evaluate.value bindings back)))

        holds "sum pooling" (pool window (fun y x dims results -> y, x, dims, results)) (fun ((y, x, dims, results), seed) ->
            let values = numbers seed [ size dims; size results ]
            let bindings = List.zip [ "x"; "y" ] values
            let forward = (f64 "x" dims).SumPool2d(y, x)

            let back = Expr.Of(SumPool2dInput(y, x, dims[1], dims[2]), [| f64 "y" results |])

            same (dot (Evaluate.value bindings forward) values[1]) (dot values[0] (Evaluate.value bindings back)))
    ]

/// An image of one channel.
let private image (rows: float list list) =
    (matrix rows).Reshape(1, rows.Length, rows.Head.Length, 1)

let private four = image [ for y in 0..3 -> [ for x in 1..4 -> float (4 * y + x) ] ]

let private filter rows =
    (matrix rows).Reshape(rows.Length, rows.Head.Length, 1, 1)

let private nan' = [ [ 1.0; nan; 2.0 ]; [ 5.0; 3.0; nan ]; [ 4.0; 0.0; 6.0 ] ]

let private byHand =
    testList "by hand" [
        gives "a filter is not flipped" (four.Conv2d(filter [ [ 1.0; 0.0 ]; [ 0.0; 10.0 ] ])) [ 1; 3; 3; 1 ] [
            61.0
            72.0
            83.0
            105.0
            116.0
            127.0
            149.0
            160.0
            171.0
        ]
        gives "an edge filter over a step" ((image [ [ 0.0; 0.0; 1.0; 1.0 ] ]).Conv2d(filter [ [ -1.0; 1.0 ] ])) [ 1; 1; 3; 1 ] [
            0.0
            1.0
            0.0
        ]
        gives "dilation looks at every second pixel" (four.Conv2d(filter [ [ 1.0; 1.0 ]; [ 1.0; 1.0 ] ], dilation = 2)) [ 1; 2; 2; 1 ] [
            24.0
            28.0
            40.0
            44.0
        ]
        gives
            "same padding with a stride: the odd zero at the end"
            (four.Conv2d(filter [ [ 1.0; 1.0; 1.0 ]; [ 1.0; 1.0; 1.0 ]; [ 1.0; 1.0; 1.0 ] ], 2, Padding.Same)) [ 1; 2; 2; 1 ] [
                54.0
                45.0
                72.0
                54.0
            ]
        gives
            "two groups: each filter sees its own channel"
            ((matrix [ [ 1.0; 2.0; 3.0; 4.0 ] ]).Reshape(1, 1, 2, 2).Conv2d((matrix [ [ 10.0; 100.0 ] ]).Reshape(1, 1, 1, 2), groups = 2)) [
                1
                1
                2
                2
            ] [ 10.0; 200.0; 30.0; 400.0 ]
        gives
            "a transposed convolution puts windows side by side"
            ((image [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ]).ConvTranspose2d(filter [ [ 1.0; 10.0 ]; [ 100.0; 1000.0 ] ], 2)) [ 1; 4; 4; 1 ] [
                1.0
                10.0
                2.0
                20.0
                100.0
                1000.0
                200.0
                2000.0
                3.0
                30.0
                4.0
                40.0
                300.0
                3000.0
                400.0
                4000.0
            ]
        gives "or over each other" ((image [ [ 1.0; 2.0; 3.0 ] ]).ConvTranspose2d(filter [ [ 1.0; 10.0 ] ])) [ 1; 1; 4; 1 ] [
            1.0
            12.0
            23.0
            30.0
        ]
        gives
            "with output padding: a row and a column that no window reaches"
            ((image [ [ 5.0 ] ]).ConvTranspose2d(filter [ [ 1.0 ] ], 2, outputPadding = 1)) [ 1; 2; 2; 1 ] [ 5.0; 0.0; 0.0; 0.0 ]
        gives "padding is never the largest" ((-four).MaxPool(2, padding = Padding.Of 1)) [ 1; 3; 3; 1 ] [
            -1.0
            -2.0
            -4.0
            -5.0
            -6.0
            -8.0
            -13.0
            -14.0
            -16.0
        ]
        gives "nor the smallest" (four.MinPool(3, 2, Padding.Same)) [ 1; 2; 2; 1 ] [ 1.0; 3.0; 9.0; 11.0 ]
        gives "NaN is larger than any number" ((image nan').MaxPool(2, 1)) [ 1; 2; 2; 1 ] [ nan; nan; 5.0; nan ]
        gives "and smaller" ((image nan').MinPool(2, 1)) [ 1; 2; 2; 1 ] [ nan; nan; 0.0; nan ]
        gives "an average counts the zeros of the padding" (four.AvgPool(2, padding = Padding.Of 1)) [ 1; 3; 3; 1 ] [
            0.25
            1.25
            1.0
            3.5
            8.5
            5.0
            3.25
            7.25
            4.0
        ]
        gives "unless told otherwise" (four.AvgPool(2, padding = Padding.Of 1, countPadding = false)) [ 1; 3; 3; 1 ] [
            1.0
            2.5
            4.0
            7.0
            8.5
            10.0
            13.0
            14.5
            16.0
        ]
        gives "global pools fold all of the image" (Expr.Concat(1, four.GlobalAvgPool(), four.GlobalMaxPool())) [ 1; 2 ] [ 8.5; 16.0 ]

        testCase "of pixels that tie, the first gets the gradient; of NaNs too"
        <| fun () ->
            for rows, expected in
                [
                    [ [ 2.0; 2.0 ]; [ 2.0; 1.0 ] ], [ 1.0; 0.0; 0.0; 0.0 ]
                    [ [ 1.0; 3.0 ]; [ 3.0; 1.0 ] ], [ 0.0; 1.0; 0.0; 0.0 ]
                    [ [ 1.0; nan ]; [ nan; 9.0 ] ], [ 0.0; 1.0; 0.0; 0.0 ]
                ] do
                let x = f64 "x" [ 1; 2; 2; 1 ]

                for pooled in [ x.MaxPool 2; (-x).MinPool 2 ] do
                    let sign =
                        if pooled.Op :? MaxPool2d && pooled.Operands[1].Op :? Neg then
                            -1.0
                        else
                            1.0

                    let gradient = Gradient.Of(pooled.Sum(), x)[0]
                    let values = List.concat rows |> Array.ofList
                    sameNumbers (Evaluate.value [ "x", values ] gradient |> Array.map (fun g -> sign * g + 0.0)) expected "gradient"
    ]

let private second =
    let x = f64 "x" [ 2; 5; 4; 2 ]

    // pools first: what they choose among are numbers that no step brings to a tie
    let nets = [
        "pool, conv, conv", x.MaxPool(2, 1).Conv(3, 3, padding = Padding.Same).Tanh().Conv(2, 2)
        "transposed, averaged", x.ConvTranspose(2, 3, 2, Padding.Same).AvgPool(2, 2).Sigmoid().Conv(2, 2, groups = 2)
        "smallest, depthwise", x.MinPool(2, 1, Padding.Same).DepthwiseConv(2, dilation = 2).Sigmoid()
    ]

    testList "second derivatives" [
        for name, y in nets do
            testCase name
            <| fun () ->
                let loss = (y * y).Mean()
                let leaves = [| for _, leaf in Evaluate.named [ y ] |> List.distinct -> leaf |]
                let gradients = Gradient.Of(loss, leaves)

                let sum =
                    gradients
                    |> Seq.mapi (fun i g -> (g * g * (0.5 + float i)).Sum())
                    |> Seq.reduce (fun a b -> a + b)

                for seed in 1..3 do
                    Differences.check seed sum
    ]

/// What TensorFlow's documents say of same padding, and what sizes the others give.
let private padding =
    let conv extent size stride (padding: Padding) dilation =
        let y =
            (f64 "x" [ 1; extent; 1; 1 ]).MaxPool2d(Window 1, Window 1).Conv2d(f64 "w" [ size; 1; 1; 1 ], stride, padding, dilation)

        y.Shape[1].Value, (y.Op :?> Conv2d).Y

    testList "padding" [
        testProperty "same: ceil(extent / stride) windows, the zeros even, or one more at the end"
        <| Prop.forAll
            (Arb.fromGen (Gen.zip (Gen.zip (Gen.choose (1, 20)) (Gen.choose (1, 5))) (Gen.zip (Gen.choose (1, 4)) (Gen.choose (1, 3)))))
            (fun ((extent, size), (stride, dilation)) ->
                let count, window = conv extent size stride Padding.Same dilation
                let zeros = window.Low + window.High
                Expect.equal count ((extent + stride - 1) / stride) "windows"
                Expect.isTrue (window.High = window.Low || window.High = window.Low + 1) "even"
                Expect.equal zeros (max 0 ((count - 1) * stride + (size - 1) * dilation + 1 - extent)) "no more than it needs")

        testProperty "a transposed convolution gives back the size that a convolution came from"
        <| Prop.forAll
            (Arb.fromGen (Gen.zip (Gen.zip (Gen.choose (1, 9)) (Gen.choose (1, 4))) (Gen.zip (Gen.choose (1, 3)) (Gen.choose (0, 1)))))
            (fun ((extent, size), (stride, zeros)) ->
                let w = f64 "w" [ size; size; 2; 2 ]
                let x = f64 "x" [ 1; extent + 4; extent + 4; 2 ]
                let padding = Padding.Of(min zeros (size - 1))
                let small = x.Conv2d(w, stride, padding.Floor())
                let over = (extent + 4 + 2 * min zeros (size - 1) - size) % stride
                Expect.equal (small.ConvTranspose2d(w, stride, padding, over)).Shape x.Shape "explicit"

                Expect.equal
                    (x.ConvTranspose2d(w, stride, Padding.Same)).Shape
                    (shape [ 1; (extent + 4) * stride; (extent + 4) * stride; 2 ])
                    "same")

        testCase "sizes"
        <| fun () ->
            for extent, size, stride, padding, dilation, expected in
                [
                    7, 3, 1, Padding.Valid, 1, 5
                    7, 3, 2, Padding.Valid, 1, 3
                    32, 5, 1, Padding.Of 2, 1, 32
                    224, 11, 4, Padding.Of(1, 2, 0, 0), 1, 55
                    224, 7, 2, Padding.Of(3).Floor(), 1, 112
                    7, 3, 1, Padding.Of(2, 0), 2, 7
                    1, 1, 1, Padding.Valid, 1, 1
                ] do
                Expect.equal
                    (fst (conv extent size stride padding dilation))
                    expected
                    $"{size} every {stride} over {extent}, padded {padding}"

        testCase "a number is a padding of all sides, and paddings print"
        <| fun () ->
            Expect.equal (Padding.Of 2) (Padding.op_Implicit 2) "2"
            Expect.equal (Padding.Of(1, 2)) (Padding.Of(1, 1, 2, 2)) "vertical, horizontal"
            Expect.equal Padding.Valid (Padding.Of 0) "none"

            Expect.equal
                [ for p in [ Padding.Valid; Padding.Same; Padding.Of(1, 2, 3, 4).Floor() ] -> string p ]
                [ "(0,0,0,0)"; "same"; "(1,2,3,4) floor" ]
                "text"
    ]

let private ops (node: Expr) = [ for e in Expr.Nodes node -> e.Op.Name ]

let private expansions =
    let expanded (node: Expr) =
        match node.Op.Expand node with
        | null -> [ "kept" ]
        | other -> ops other

    let conv images (filters: int list) groups =
        (x images).Conv2d(Expr.Input("w", shape filters), groups = groups)

    testList "expansions" [
        testCase "filters of one pixel are a matrix product"
        <| fun () -> Expect.contains (expanded (conv [ 2; 3; 4; 5 ] [ 1; 1; 5; 6 ] 1)) "matmul" "1 x 1"

        testCase "filters of the whole image too"
        <| fun () -> Expect.contains (expanded (conv [ 2; 3; 4; 5 ] [ 3; 4; 5; 6 ] 1)) "matmul" "3 x 4"

        testCase "and their adjoints"
        <| fun () ->
            for filters in [ [ 1; 1; 5; 6 ]; [ 3; 4; 5; 6 ] ] do
                let y = conv [ 2; 3; 4; 5 ] filters 1

                for gradient in y.Op.Vjp(y, y) do
                    Expect.contains (expanded (nonNull gradient)) "matmul" "adjoint"

        testCase "groups, strides and padding keep the convolution; so does a batch of unknown size"
        <| fun () ->
            for node in
                [
                    conv [ 2; 3; 4; 4 ] [ 1; 1; 2; 6 ] 2
                    (x [ 2; 3; 4; 5 ]).Conv2d(Expr.Input("w", shape [ 1; 1; 5; 6 ]), 2, Padding.Same)
                    (x [ 2; 3; 4; 5 ]).Conv2d(Expr.Input("w", shape [ 1; 1; 5; 6 ]), padding = Padding.Of 1)
                    (batch [ 3; 4; 5 ]).Conv2d(Expr.Input("w", shape [ 1; 1; 5; 6 ]))
                ] do
                Expect.equal (expanded node) [ "kept" ] (string node)

        testCase "a sum over the whole image is a reduction"
        <| fun () ->
            let y = (x [ 2; 3; 4; 5 ]).SumPool2d(Window 3, Window 4)
            Expect.contains (expanded y) "reduce_sum" "forward"
            Expect.contains (expanded (nonNull (y.Op.Vjp(y, y)[0]))) "broadcast" "backward"
    ]

let private mistakes =
    let w dims = Expr.Input("w", shape dims)
    let images = x [ 2; 7; 7; 4 ]
    let of' op (operands: Expr list) = Expr.Of(op, Array.ofList operands)

    refusals "error texts" [
        "rows instead of images",
        (fun () -> (batch [ 784 ]).Conv2d(w [ 3; 3; 1; 8 ])),
        "conv2d: images must be [N, height, width, channels], all but N known; got f32[N,784]. Reshape them, grey ones to one channel: .Reshape(-1, 28, 28, 1)?"

        "images of unknown height",
        (fun () -> Expr.Input("x", shapeOf [ Dim "N"; Dim "H"; Dim 7; Dim 4 ]).MaxPool 2),
        "max_pool: images must be [N, height, width, channels], all but N known; got f32[N,H,7,4]. Give the dims numbers."

        "filters that are a matrix",
        (fun () -> images.Conv2d(w [ 36; 8 ])),
        "conv2d: filters must be [height, width, channels in a group, filters], all known; got f32[36,8]. Reshape or transpose them."

        "filters of another size than the windows",
        (fun () -> images.Conv2d(w [ 3; 3; 4; 8 ], Window 5, Window 3)),
        "conv2d: filters must be as large as the windows; got f32[3,3,4,8] and windows of 5 x 3. Give windows of 3 x 3."

        "filters of too few channels",
        (fun () -> images.Conv2d(w [ 3; 3; 3; 8 ])),
        "conv2d: filters must have the channels of one group; got f32[3,3,3,8] (3 channels) for f32[2,7,7,4] (4 in 1 groups). Give filters of 4 channels."

        "groups that do not divide",
        (fun () -> images.Conv2d(w [ 3; 3; 1; 8 ], groups = 3)),
        "conv2d: groups must be at least 1 and divide channels and filters; got 3 groups, 4 channels, 8 filters. As many groups as channels make it depthwise."

        "no groups",
        (fun () -> images.Conv2d(w [ 3; 3; 1; 8 ], groups = 0)),
        "conv2d: groups must be at least 1 and divide channels and filters; got 0 groups, 4 channels, 8 filters. As many groups as channels make it depthwise."

        "dtypes",
        (fun () -> images.Conv2d(Expr.Input("w", shape [ 3; 3; 4; 8 ], DType.F64))),
        "conv2d: dtypes must agree; got f32[2,7,7,4] and f64[3,3,4,8]. Cast one side: .Cast(DType.F64)?"

        "integers",
        (fun () -> (i32 [ 2; 7; 7; 4 ]).MaxPool(7)),
        "max_pool2d: operands must be f32 or f64; got i32[2,7,7,4]. Cast first: .Cast(DType.F32)?"

        "windows larger than the image",
        (fun () -> images.Conv2d(w [ 9; 3; 4; 8 ])),
        "conv2d: a window must fit into the image and its padding; got 9 pixels (window 9) over 7 (axis 1 of f32[2,7,7,4]). Pad more, or take a smaller window."

        "dilated windows larger than the image and its padding",
        (fun () -> images.Conv2d(w [ 3; 4; 4; 8 ], padding = Padding.Of 1, dilation = 3)),
        "conv2d: a window must fit into the image and its padding; got 10 pixels (window 4 pad 1 1 dilation 3) over 9 (axis 2 of f32[2,7,7,4]). Pad more, or take a smaller window."

        "a stride that does not come out even",
        (fun () -> images.MaxPool 2),
        "max_pool: the last window must end with the image and its padding; got 2 pixels every 2 over 7 (axis 1 of f32[2,7,7,4]), which leaves 1. Pad 1 more at the end, or leave them out: .Floor() of the padding?"

        "no stride",
        (fun () -> images.AvgPool(3, 0)),
        "avg_pool: a window's size, stride and dilation must be at least 1; got size 3, stride 0, dilation 1. Give 1 for what does not matter."

        "no size",
        (fun () -> Expr.Of(SumPool2d(Window 0, Window 3), [| images |])),
        "sum_pool2d: a window's size, stride and dilation must be at least 1; got size 0, stride 1, dilation 1. Give 1 for what does not matter."

        "negative padding",
        (fun () -> images.Conv2d(w [ 3; 3; 4; 8 ], padding = Padding.Of -1)),
        "conv2d: counts of zeros must be at least 0; got low -1, high -1. Crop the images, to take pixels away: .Slice(...)?"

        "a maximum over padding alone",
        (fun () -> images.MaxPool(1, padding = Padding.Of 1)),
        "max_pool2d: each window must cover a pixel; got window 0 of 9 (window 1 pad 1 1) in the padding alone, on axis 1 of f32[2,7,7,4]. Pad less."

        "an average of padding alone",
        (fun () -> images.AvgPool(1, padding = Padding.Of 1, countPadding = false)),
        "avg_pool: each window must cover a pixel; got window 0 of 9 (window 1 pad 1 1) in the padding alone, on axis 1 of f32[2,7,7,4]. Pad less."

        "values of another shape",
        (fun () -> of' (MaxPool2d(Window 2, Window 2)) [ images; w [ 2; 7; 7; 3 ] ]),
        "max_pool2d: the values must have the shape of the images that choose among them; got f32[2,7,7,4] and f32[2,7,7,3]. Pass the images twice, for their own maxima."

        "results that are not as many as windows",
        (fun () -> of' (MaxPool2dInput(Window 2, Window 2)) [ images; w [ 2; 5; 6; 4 ] ]),
        "max_pool2d_input: there must be a result for each window of the images; got f32[2,5,6,4] for f32[2,7,7,4], whose windows give f32[2,6,6,4]. Give the windows that the results were made with."

        "images too small for their results",
        (fun () -> of' (SumPool2dInput(Window 2, Window 2, 7, 7)) [ images ]),
        "sum_pool2d_input: there must be a result for each window; got f32[2,7,7,4] for 6 x 6 windows. Give the windows that the results were made with."

        "images of negative height",
        (fun () -> of' (SumPool2dInput(Window 2, Window 2, -7, 7)) [ images ]),
        "sum_pool2d_input: the images' height and width must be at least 0; got -7 x 7. Give more."

        "a batch for the weights that differs",
        (fun () -> of' (Conv2dWeights(Window 2, Window 2, 1)) [ images; w [ 3; 6; 6; 8 ] ]),
        "conv2d_weights: batches must agree; got f32[2,7,7,4] and f32[3,6,6,8] (2 != 3 at axis 0). Give both the same number or the same symbol."

        "a transposed convolution of other channels",
        (fun () -> images.ConvTranspose2d(w [ 3; 3; 4; 8 ])),
        "conv2d_input: results must have a channel for each filter; got f32[2,7,7,4] and f32[3,3,4,8] (4 != 8). The filters are [height, width, channels out / groups, channels in]."

        "output padding of a whole stride",
        (fun () -> images.ConvTranspose2d(w [ 3; 3; 8; 4 ], 2, outputPadding = 2)),
        "conv_transpose2d: output padding must be at least 0 and under the stride, and 0 with the padding \"same\"; got 2 at stride 2, padding (0,0,0,0). It adds rows and columns that no window needs."

        "padding that leaves nothing of a transposed convolution",
        (fun () -> (x [ 2; 1; 1; 4 ]).ConvTranspose2d(w [ 2; 2; 8; 4 ], padding = Padding.Of 1)),
        "conv_transpose2d: padding must leave a pixel; got 0 of 1 windows of 2 every 1 less 1 and 1 (axis 1 of f32[2,1,1,4]). Pad less: here, padding is what is cut off."
    ]

[<Tests>]
let tests =
    testList "images" [ windows; formulas; adjoints; byHand; second; padding; expansions; mistakes ]
