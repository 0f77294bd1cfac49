/// Well-known nets: as many parameters as their sources have, and what they cost.
module Cv.Tests.ModelZooTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private image dims = Generators.shape dims
let private cifar = image [ 32; 32; 3 ]
let private mnist = image [ 28; 28; 1 ]

let private count (model: Model) =
    Seq.sum [ for p in model.Parameters -> p.Shape.Size ]

let private names (model: Model) = [ for stage in model.Stages -> stage.Name ]

let private augmented = fun (x: Expr) -> x.RandomFlip().RandomShift(2)

/// Filters of a size over channels, with biases; a layer of units.
let private conv filters size channels = filters * (size * size * channels + 1)
let private dense outputs inputs = outputs * (inputs + 1)

let private counts =
    testList "parameters" [
        for name, model, expected in
            [
                "linear, CIFAR-10", Models.Linear cifar, 30_730
                "linear, MNIST", Models.Linear mnist, 7_850
                "two layers, 100 hidden", Models.FullyConnected(cifar, [ 100 ]), 308_310
                "256-128-100", Models.FullyConnected(mnist, [ 256; 128; 100 ]), dense 256 784 + dense 128 256 + dense 100 128 + dense 10 100
                "no hidden layer", Models.FullyConnected(mnist, []), 7_850
                "with batch norm", Models.FullyConnected(mnist, [ 50; 20 ], 10, true), dense 50 784 + dense 20 50 + dense 10 20 + 2 * 70
                "LeNet-5", Models.LeNet5 mnist, 61_706
                "ConvNetJS", Models.ConvNetJs cifar, 22_466
                "ConvNetJS, with batch norm", Models.ConvNetJs(cifar, 10, true), 22_466 + 16 + 20 + 20
                "cifar10_quick", Models.Cifar10Quick cifar, 145_578
                "Keras's cifar10_cnn", Models.KerasCifar10 cifar, 1_250_858
                "small VGG", Models.SmallVgg cifar, 550_570
                "small VGG of two widths",
                Models.SmallVgg(cifar, 100, [ 8; 16 ]),
                conv 8 3 3
                + conv 8 3 8
                + conv 16 3 8
                + conv 16 3 16
                + dense 128 (8 * 8 * 16)
                + dense 100 128
                "ResNet-20", Models.SmallResNet cifar, 269_722
                "ResNet-32", Models.SmallResNet(cifar, 10, 5), 464_154
                "ResNet-8", Models.SmallResNet(cifar, 10, 1), 75_290
            ] do
            testCase name
            <| fun () ->
                Expect.equal (count model) expected "as many as by hand"
                Expect.equal (model.Summary().Parameters) (int64 expected) "and in the summary"
                Expect.equal model.Output.Shape.Rank 2 "scores"
    ]

let private builders: (string * ((Func<Expr, Expr> | null) -> Model)) list = [
    "linear", (fun f -> Models.Linear(cifar, 10, f))
    "fully connected", (fun f -> Models.FullyConnected(cifar, [ 20 ], augment = f))
    "LeNet-5", (fun f -> Models.LeNet5(mnist, augment = f))
    "ConvNetJS", (fun f -> Models.ConvNetJs(cifar, augment = f))
    "cifar10_quick", (fun f -> Models.Cifar10Quick(cifar, augment = f))
    "Keras", (fun f -> Models.KerasCifar10(cifar, augment = f))
    "VGG", (fun f -> Models.SmallVgg(cifar, augment = f))
    "ResNet", (fun f -> Models.SmallResNet(cifar, 10, 1, f))
]

let private shapes =
    testList "what they are" [
        for name, build in builders do
            testCase $"{name}: augmented first, in training alone"
            <| fun () ->
                let plain, augmented = build null, build (Func<_, _> augmented)
                Expect.equal (names augmented) ("augment" :: names plain) "one stage more"
                let inference (model: Model) = Graph(model.Output).ForInference()
                Expect.equal (string (inference augmented)) (string (inference plain)) "the same after training"

        testCase "images become smaller as their sources say"
        <| fun () ->
            let sizes (model: Model) = [
                for stage in model.Stages do
                    if stage.Name.Contains "pool" || stage.Name.StartsWith "block" then
                        stage.Output.Shape[1].Value
            ]

            Expect.equal (sizes (Models.LeNet5 mnist)) [ 14; 5 ] "LeNet-5"
            Expect.equal (sizes (Models.Cifar10Quick cifar)) [ 16; 8; 4 ] "cifar10_quick"
            Expect.equal (sizes (Models.KerasCifar10 cifar)) [ 15; 6 ] "Keras"
            Expect.equal (sizes (Models.SmallResNet(cifar, 10, 2)) |> List.take 6) [ 32; 32; 16; 16; 8; 8 ] "ResNet"

        testCase "batch normalisation replaces biases, and stands before the gate"
        <| fun () ->
            Expect.equal (names (Models.ConvNetJs(cifar, 10, true)) |> List.take 4) [ "conv1"; "batchnorm1"; "relu1"; "maxpool1" ] "order"

        testCase "a residual block whose filters are 0 is its shortcut, cut to size"
        <| fun () ->
            let model = Models.SmallResNet(image [ 4; 4; 1 ], 10, 1)
            let stages = List.ofSeq model.Stages
            let block = stages |> List.find (fun stage -> stage.Name = "block2")
            let inner = Graph(block.Output).ForInference().Outputs[0]
            let dims = [ 2; 4; 4; 16 ]
            let x = numbers 3 [ Reference.size dims ] |> List.head |> Array.map abs
            let before = Graph(block.Input).ForInference().Outputs[0]
            let given = Expr.Input("given", shapeOf [ Dim "N"; Dim 4; Dim 4; Dim 16 ])

            let cut =
                inner.Substitute(readOnlyDict [ before, given ]).Bind(readOnlyDict [ "N", 2 ])

            let bindings =
                Evaluate.named [ cut ]
                |> List.distinct
                |> List.map (fun (name, leaf) ->
                    name,
                    if name = "given" then
                        x
                    else
                        // filters of 0; a scale of 1 would do as well
                        Array.create leaf.Shape.Size (if name.EndsWith ".variance" then 1.0 else 0.0))

            let expected =
                Reference.tensor [ 2; 2; 2; 32 ] (fun index ->
                    let channel = index[3] - 8

                    if channel < 0 || channel >= 16 then
                        0.0
                    else
                        Reference.element dims x [ index[0]; 2 * index[1]; 2 * index[2]; channel ])

            Expect.isTrue
                (Run.near 1e-6 [ Evaluate.value bindings cut ] [ expected ])
                "every second pixel, eight channels of zeros on each side"

        testCase "in F#"
        <| fun () ->
            for ours, theirs in
                [
                    linearClassifier [ 32; 32; 3 ] 10, Models.Linear cifar
                    fullyConnected [ 28; 28; 1 ] [ 20; 10 ] 5, Models.FullyConnected(mnist, [ 20; 10 ], 5)
                    leNet5 [ 28; 28; 1 ] 10, Models.LeNet5 mnist
                    convNetJs [ 32; 32; 3 ] 10, Models.ConvNetJs cifar
                    cifar10Quick [ 32; 32; 3 ] 10, Models.Cifar10Quick cifar
                    kerasCifar10 [ 32; 32; 3 ] 10, Models.KerasCifar10 cifar
                    smallVgg [ 32; 32; 3 ] 10, Models.SmallVgg cifar
                    smallResNet 1 [ 32; 32; 3 ] 10, Models.SmallResNet(cifar, 10, 1)
                ] do
                Expect.isTrue (ours = theirs) $"{ours.Output}"
    ]

let private learning =
    let small = image [ 8; 8; 3 ]

    testList "they learn a handful of images by heart" [
        for name, model in
            [
                "fully connected", Models.FullyConnected(small, [ 32 ], 3, true, 0.1)
                "ConvNetJS", Models.ConvNetJs(small, 3, true, Func<_, _>(fun x -> x.RandomFlip()))
                "ResNet-8", Models.SmallResNet(small, 3, 1)
            ] do
            testCase name
            <| fun () ->
                let program =
                    Training.Compile(model, (fun scores labels -> scores.SoftmaxCrossEntropy labels), Optimiser.Adam 0.01)

                use kept = program.Initialise 1UL
                let values = numbers 2 [ 12 * 8 * 8 * 3 ] |> List.head |> Array.map float32
                let x = Tensor.From(Generators.shape [ 12; 8; 8; 3 ], values)
                let labels = Tensor.From(Generators.shape [ 12 ], [| for i in 0..11 -> i % 3 |])

                let step () =
                    (program.Step.Call(kept, Binding("x", x), Binding("labels", labels))[0]).Item()

                let first = step ()

                for _ in 1..40 do
                    step () |> ignore

                Expect.isLessThan (step ()) (0.5 * first) $"the loss halves from {first}"
    ]

let private sums =
    testList "summary" [
        testCase "LeNet-5, whole"
        <| fun () ->
            let expected =
                [
                    "layer     output           parameters    FLOPs     memory"
                    "─────────────────────────────────────────────────────────"
                    "x         f32[N,28,28,1]            0        0  196.0 KiB"
                    "conv1     f32[N,28,28,6]          156  239.9 K    1.1 MiB"
                    "relu1     f32[N,28,28,6]            0    4.7 K    1.1 MiB"
                    "maxpool1  f32[N,14,14,6]            0    4.7 K  294.0 KiB"
                    "conv2     f32[N,10,10,16]       2,416  481.6 K  400.0 KiB"
                    "relu2     f32[N,10,10,16]           0    1.6 K  400.0 KiB"
                    "maxpool2  f32[N,5,5,16]             0    1.6 K  100.0 KiB"
                    "flatten1  f32[N,400]                0        0        0 B"
                    "dense1    f32[N,120]           48,120   96.1 K   30.0 KiB"
                    "relu3     f32[N,120]                0      120   30.0 KiB"
                    "dense2    f32[N,84]            10,164   20.2 K   21.0 KiB"
                    "relu4     f32[N,84]                 0       84   21.0 KiB"
                    "dense3    f32[N,10]               850    1.7 K    2.5 KiB"
                    "─────────────────────────────────────────────────────────"
                    "total                          61,706  852.4 K    3.8 MiB"
                    "FLOPs: of one example, forward; a multiply-add is two. Memory: what the layers make of a batch of 64; parameters take 241.0 KiB."
                ]
                |> String.concat "\n"

            Expect.equal (string (Models.LeNet5(mnist).Summary 64)) expected "the table"
            Expect.equal (string (leNet5 [ 28; 28; 1 ] 10 |> summary 64)) expected "in F#"

        testCase "operations: a multiply-add is two"
        <| fun () ->
            let layers =
                dict [ for layer in Models.ConvNetJs(cifar).Summary(64).Layers -> layer.Name, layer ]

            // a product for each result, tap and channel, and a bias
            Expect.equal layers["conv1"].Operations (int64 (32 * 32 * 16 * (2 * 75 + 1))) "conv1"
            Expect.equal layers["conv2"].Operations (int64 (16 * 16 * 20 * (2 * 400 + 1))) "conv2"
            Expect.equal layers["relu1"].Operations (int64 (32 * 32 * 16)) "relu1"
            Expect.equal layers["maxpool1"].Operations (int64 (32 * 32 * 16)) "maxpool1"
            Expect.equal layers["dense1"].Operations (int64 (10 * (2 * 320 + 1))) "dense1"
            Expect.equal layers["flatten1"].Operations 0L "flatten1"
            // the paper's 40.6 million multiply-adds of convolutions
            let resnet = Models.SmallResNet(cifar).Summary().Operations
            Expect.isTrue (resnet > 81_000_000L && resnet < 83_000_000L) $"ResNet-20: {resnet}"

        testCase "memory: of what each layer makes of the batch, in its dtype"
        <| fun () ->
            let summary = Models.ConvNetJs(cifar).Summary 64
            let layers = dict [ for layer in summary.Layers -> layer.Name, layer ]
            Expect.equal layers["x"].Bytes (int64 (64 * 32 * 32 * 3 * 4)) "the input"
            Expect.equal layers["conv1"].Bytes (int64 (64 * 32 * 32 * 16 * 4)) "conv1"
            Expect.equal layers["flatten1"].Bytes 0L "the same numbers"
            Expect.equal summary.ParameterBytes (4L * 22_466L) "parameters"
            Expect.equal (summary.ActivationBytes) (Seq.sum [ for layer in summary.Layers -> layer.Bytes ]) "all"
            let exact = Models.ConvNetJs(cifar).WithDType(DType.F64).Summary 64
            Expect.equal exact.ActivationBytes (2L * summary.ActivationBytes) "f64"
            Expect.equal exact.Operations summary.Operations "as many"

        testCase "what only training does costs nothing after it"
        <| fun () ->
            let plain = Models.ConvNetJs(cifar).Summary()

            let trained =
                Models.ConvNetJs(cifar, augment = Func<_, _> augmented).Dropout(0.5).Summary()

            Expect.equal trained.Operations plain.Operations "operations"

        testCase "a layer of one's own, and a block that is computed again"
        <| fun () ->
            let model =
                Model
                    .Input(6)
                    .Dense(4)
                    .Then("own", fun x -> x * x + 1.0)
                    .Checkpoint(fun x -> x.Exp() * 2.0)
                    .Then("mean", fun x -> x.Mean([| 1 |], true))

            let layers =
                dict [ for layer in model.Summary().Layers -> layer.Name, layer.Operations ]

            Expect.equal layers["own"] 8L "a product and a sum of four"
            Expect.equal layers["checkpoint1"] 8L "an exp and a product of four"
            Expect.equal layers["mean"] 5L "four summed, one divided"

        testCase "of a batch of nothing is refused"
        <| fun () ->
            Expect.throwsC (fun () -> Models.Linear(mnist).Summary 0 |> ignore) (fun ex ->
                Expect.equal (Mistakes.text ex) "summary: there must be an example in the batch; got 0. 1 is usual." "the text")
    ]

let private mistakes =
    testList "mistakes" [
        for name, run, expected in
            [
                "grey images without a channel",
                (fun () -> Models.LeNet5(image [ 28; 28 ])),
                "lenet5: an image must be [height, width, channels], all known; got [28,28]. Give grey images one channel: [28, 28, 1]."
                "no classes",
                (fun () -> Models.ConvNetJs(cifar, 0)),
                "convnetjs: there must be at least one class; got 0. Give the number of scores of an image."
                "no blocks",
                (fun () -> Models.SmallResNet(cifar, 10, 0)),
                "small_resnet: there must be at least one block in a group; got 0. 3 gives the paper's ResNet-20."
            ] do
            testCase name
            <| fun () -> Expect.throwsC (run >> ignore) (fun ex -> Expect.equal (Mistakes.text ex) expected "the text")
    ]

[<Tests>]
let tests = testList "model zoo" [ counts; shapes; learning; sums; mistakes ]
