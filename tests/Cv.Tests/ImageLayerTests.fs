/// Layers over images: their parameters, and small nets that learn.
module Cv.Tests.ImageLayerTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Expecto

let private types (nodes: Expr seq) =
    nodes |> Seq.map _.ToString() |> List.ofSeq

let private layers =
    testList "layers" [
        testCase "a convolutional layer's parameters"
        <| fun () ->
            let model =
                Model.Input(32, 32, 3).Conv(16, 5, padding = Padding.Of 2).Relu().MaxPool(2).Conv(20, 3, groups = 4)

            Expect.equal (model.Output.Type.ToString()) "f32[N,14,14,20]" "result"

            Expect.equal
                (types model.Parameters)
                [
                    "parameter \"conv1.w\" : f32[5,5,3,16]"
                    "parameter \"conv1.b\" : f32[1,1,1,16]"
                    "parameter \"conv2.w\" : f32[3,3,4,20]"
                    "parameter \"conv2.b\" : f32[1,1,1,20]"
                ]
                "in order of appearance"

            Expect.equal
                (types model.Weights)
                [ "parameter \"conv1.w\" : f32[5,5,3,16]"; "parameter \"conv2.w\" : f32[3,3,4,20]" ]
                "what a penalty applies to"

        testCase "a depthwise layer, and a transposed one"
        <| fun () ->
            let model =
                Model.Input(7, 7, 4).DepthwiseConv(3, multiplier = 2).ConvTranspose(6, 3, 2, Padding.Same, groups = 2)

            Expect.equal (model.Output.Type.ToString()) "f32[N,10,10,6]" "result"

            Expect.equal
                (types model.Parameters)
                [
                    "parameter \"conv1.w\" : f32[3,3,1,8]"
                    "parameter \"conv1.b\" : f32[1,1,1,8]"
                    "parameter \"conv_transpose1.w\" : f32[3,3,3,8]"
                    "parameter \"conv_transpose1.b\" : f32[1,1,1,6]"
                ]
                "parameters"

        testCase "no biases, names of one's own, and the numbers go on"
        <| fun () ->
            let model =
                Model.Input(9, 9, 1).Conv(2, 3, bias = false).Conv(2, 3, name = "middle").Conv(2, 3).ConvTranspose(1, 3, name = "last")

            Expect.equal
                [ for p in model.Parameters -> (p.Op :?> Parameter).Id ]
                [ "conv1.w"; "middle.w"; "middle.b"; "conv2.w"; "conv2.b"; "last.w"; "last.b" ]
                "names"

        testCase "windows that differ along height and width"
        <| fun () ->
            let y = (batch [ 9; 9; 2 ]).Conv(4, Window 1, Window(7, 2, 3, 3))
            Expect.equal (y.Type.ToString()) "f32[N,9,5,4]" "result"

        testCase "in f64, like what they see"
        <| fun () ->
            let y =
                Model.Input([ 8; 8; 2 ] |> Shape.Of, DType.F64).Conv(3, 3).ConvTranspose(2, 2).AvgPool(3, 1).Output

            Expect.all (Expr.Nodes y) (fun e -> e.DType = DType.F64) "no f32"

        testCase "initialisers: He and zeros, unless chosen"
        <| fun () ->
            let chosen (model: Model) = [ for p in model.Parameters -> (p.Op :?> Parameter).Initialiser ]
            Expect.equal (chosen (Model.Input(4, 4, 1).Conv(3, 2))) [ Initialiser.He; Initialiser.Zeros ] "usual"

            Expect.equal
                (chosen (Model.Input(4, 4, 1).Conv(3, 2, weights = Initialiser.Xavier, biases = Initialiser.SmallRandom())))
                [ Initialiser.Xavier; Initialiser.SmallRandom() ]
                "chosen"

        testCase "values keep their variance through convolutions and transposed ones"
        <| fun () ->
            // squares of the outputs, averaged: 2 for inputs of variance 1 under He's rule, which counts on half of them being cut to 0
            let x = Expr.Input("x", shape [ 4; 24; 24; 8 ], DType.F64)

            for name, y in
                [
                    "conv", x.Conv(16, 3)
                    "grouped", x.Conv(16, 3, groups = 4)
                    "depthwise", x.DepthwiseConv(5, multiplier = 8)
                    "transposed", x.ConvTranspose(16, 4, 2)
                    "transposed in groups", x.ConvTranspose(16, 3, 3, groups = 2)
                ] do
                let model = Model(x, y)
                let random = RandomStream(5UL, "noise")
                let noise = Array.init x.Shape.Size (fun i -> random.Normal(int64 i))

                let parameters = [
                    for p in model.Parameters do
                        let parameter = p.Op :?> Parameter
                        let values = Array.zeroCreate<float> p.Shape.Size
                        parameter.Initialiser.Fill(Span values, p.Shape, 3UL, parameter.Id)
                        parameter.Id, values
                ]

                // away from the edges, which fewer windows reach
                let middle = y.Slice(1, 4, y.Shape[1].Value - 8).Slice(2, 4, y.Shape[2].Value - 8)
                let squares = (middle * middle).Mean()
                let variance = Evaluate.item (("x", noise) :: parameters) squares
                Expect.isLessThan (abs (variance - 2.0)) 0.5 $"{name}: {variance}"
    ]

let private mistakes =
    refusals "mistakes" [
        "a convolutional layer on rows",
        (fun () -> Model.Input(784).Conv(8, 3).Output),
        "conv: images must be [N, height, width, channels], all but N known; got f32[N,784]. Reshape them, grey ones to one channel: .Reshape(-1, 28, 28, 1)?"

        "no filters",
        (fun () -> Model.Input(7, 7, 1).Conv(0, 3).Output),
        "conv: \"conv1\" must have at least one filter; got 0. Give the channels of the result."

        "groups that do not divide the channels",
        (fun () -> Model.Input(7, 7, 4).Conv(6, 3, groups = 3).Output),
        "conv: groups must be at least 1 and divide channels and filters; got 3 groups, 4 channels, 6 filters. As many groups as channels make it depthwise."

        "integers",
        (fun () -> (i32 [ 2; 7; 7; 4 ]).Conv(6, 3)),
        "conv: operands must be f32 or f64; got i32[2,7,7,4]. Cast first: .Cast(DType.F32)?"

        "a name that is taken",
        (fun () -> Model.Input(7, 7, 1).Conv(4, 3, name = "a").Conv(4, 3, name = "a").Output),
        "conv: a layer's name must be its own; the model already has \"a.w\". Choose another, or share on purpose: .Then(x => x.Conv(...))."

        "a depthwise layer on rows",
        (fun () -> (batch [ 4 ]).DepthwiseConv 3),
        "depthwise_conv: images must be [N, height, width, channels], all but N known; got f32[N,4]. Reshape them, grey ones to one channel: .Reshape(-1, 28, 28, 1)?"

        "a transposed layer without filters",
        (fun () -> (batch [ 4; 4; 2 ]).ConvTranspose(0, 3)),
        "conv_transpose: \"conv_transpose1\" must have at least one filter; got 0. Give the channels of the result."

        "a global pool of rows",
        (fun () -> (batch [ 4 ]).GlobalAvgPool()),
        "global_avg_pool: images must be [N, height, width, channels], all but N known; got f32[N,4]. Reshape them, grey ones to one channel: .Reshape(-1, 28, 28, 1)?"
    ]

/// Pictures whose class is the direction of their stripes, on a random ground.
let private stripes count (height: int, width: int, channels: int) classes =
    let random = RandomStream(11UL, "stripes")
    let size = height * width * channels

    let images =
        Array.init (count * size) (fun i ->
            let n, place = i / size, i % size / channels
            let y, x = place / width, place % width

            let phase =
                if n % classes = 0 then y
                elif n % classes = 1 then x
                else x + y

            (if phase / 2 % 2 = 0 then 1.0f else -1.0f) + float32 (random.Uniform(int64 i))
            - 0.5f)

    images, Array.init count (fun n -> n % classes)

/// Trains for some steps on one batch; gives the losses.
let private losses (net: Model) (optimiser: Optimiser) steps (dims: int * int * int) threads =
    let height, width, channels = dims
    let images, labels = stripes 12 dims 3

    let program =
        Training.Compile(
            net,
            (fun scores labels -> scores.SoftmaxCrossEntropy labels),
            optimiser,
            (fun w -> 1e-4 * w.L2()),
            CompileOptions(Threads = threads)
        )

    use state = program.Initialise 3UL

    let bindings = [| Binding("x", Tensor.From(Shape.Of [ 12; height; width; channels ], images)); Binding("labels", Tensor.From labels) |]

    [
        for _ in 1..steps do
            let figures = program.Step.Call(state, bindings)
            figures[0].Item()
    ]

let private nets = [
    "a LeNet, fluent",
    (28, 28, 1),
    3e-3,
    Model
        .Input(28, 28, 1)
        .Conv(6, 5, padding = Padding.Of 2)
        .Tanh()
        .AvgPool(2)
        .Conv(16, 5)
        .Tanh()
        .AvgPool(2)
        .Flatten()
        .Dense(84)
        .Tanh()
        .Dense(10)

    "a LeNet, as a pipeline",
    (28, 28, 1),
    3e-3,
    model
        [ 28; 28; 1 ]
        (paddedConv (Padding.Of 2) 6 5
         >> relu
         >> maxPool 2
         >> conv 16 5
         >> relu
         >> maxPool 2
         >> flatten
         >> dense 84
         >> relu
         >> dense 10)

    "separable convolutions, a residual, and a global pool",
    (12, 10, 3),
    1e-2,
    model [ 12; 10; 3 ] (fun x ->
        let h = x |> stridedConv 2 Padding.Same 8 3 |> relu
        let same = h |> depthwiseConv Padding.Same 3 |> relu |> conv 8 1

        relu (h + same)
        |> groupedConv 2 Padding.Same 8 3
        |> relu
        |> globalAvgPool
        |> dense 10)

    "convolutions, normalised",
    (10, 10, 3),
    1e-2,
    Model
        .Input(10, 10, 3)
        .Conv(8, 3, padding = Padding.Same, bias = false)
        .BatchNorm()
        .Relu()
        .MaxPool(2)
        .Conv(8, 3, padding = Padding.Of 1, bias = false)
        .BatchNorm()
        .Relu()
        .GlobalMaxPool()
        .Dense(10)

    "down and up again",
    (8, 8, 2),
    1e-2,
    Model
        .Input(8, 8, 2)
        .Conv(6, 3, 2, Padding.Same)
        .Relu()
        .ConvTranspose(4, 3, 2, Padding.Same)
        .LeakyRelu(0.1)
        .MinPool(2)
        .Conv(8, 4, bias = false)
        .Flatten()
        .Dense(10)
]

let private learning =
    testList "learning" [
        for name, dims, rate, net in nets do
            testCase $"{name}: the loss falls"
            <| fun () ->
                let fallen = losses net (Optimiser.Adam rate) 30 dims 2
                Expect.all fallen Double.IsFinite "finite"
                Expect.isLessThan (List.last fallen) (0.25 * fallen.Head) $"%A{fallen}"

        testCase "the same bits on any number of threads"
        <| fun () ->
            for name, dims, _, net in nets do
                let runs = [ for threads in 1..3 -> losses net (Optimiser.Momentum 0.01) 3 dims threads ]
                Expect.all runs ((=) runs.Head) $"{name}: %A{runs}"
    ]

[<Tests>]
let tests = testList "image layers" [ layers; mistakes; learning ]
