/// What the passes make of small graphs, as `input => expected dump`; how many kernels and bytes known graphs take.
module Cv.Tests.DumpTests

open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

let private x = Expr.Input("x", shape [ 4 ])
let private m = Expr.Input("m", shape [ 2; 3 ])

let private simplified (e: Expr) =
    (Pass.RunAll(Pipeline.Passes, Graph e)).ToString().Trim().Split('\n')

let private cases (table: (string * Expr * string list) list) = [
    for name, expr, expected in table -> testCase name (fun () -> Expect.sequenceEqual (simplified expr) expected "the dump")
]

[<Tests>]
let algebra =
    testList
        "simplify"
        (cases [
            "x * 1 + 0  =>  x", x * 1.0f + 0.0f, [ "%0 : f32[4] = input \"x\""; "return %0" ]
            "-(-x)  =>  x", -(-x), [ "%0 : f32[4] = input \"x\""; "return %0" ]
            "2 + x  =>  x + 2", 2.0f + x, [ "%0 : f32[4] = input \"x\""; "%1 : f32[4] = add %0 2"; "return %1" ]
            "x ^ 2  =>  x x", x.Pow 2.0, [ "%0 : f32[4] = input \"x\""; "%1 : f32[4] = mul %0 %0"; "return %1" ]
            "x * 0 stays: NaN * 0 is NaN", x * 0.0f, [ "%0 : f32[4] = input \"x\""; "%1 : f32[4] = mul %0 0"; "return %1" ]
            "tanh(-x)  =>  -tanh x",
            (-x).Tanh(),
            [ "%0 : f32[4] = input \"x\""; "%1 : f32[4] = tanh %0"; "%2 : f32[4] = neg %1"; "return %2" ]
            "2 * 3 + x  =>  x + 6",
            Expr.Const 2.0 * Expr.Const 3.0 + x,
            [ "%0 : f32[4] = input \"x\""; "%1 : f32[4] = add %0 6"; "return %1" ]
            "a broadcast that its user repeats anyway",
            m + Expr.Input("r", shape [ 1; 3 ]).BroadcastTo(shape [ 2; 3 ]),
            [ "%0 : f32[2,3] = input \"m\""; "%1 : f32[1,3] = input \"r\""; "%2 : f32[2,3] = add %0 %1"; "return %2" ]
            "a sum over scattered axes, one run at a time",
            Expr.Input("t", shape [ 2; 3; 4 ]).Sum([| 0; 2 |], true),
            [
                "%0 : f32[2,3,4] = input \"t\""
                "%1 : f32[2,3,1] = reduce_sum {2} %0"
                "%2 : f32[1,3,1] = reduce_sum {0} %1"
                "return %2"
            ]
        ])

[<Tests>]
let unchanged =
    testCase "a pass that changes nothing gives the same object" (fun () ->
        let graph = Graph((x * x).Tanh())

        for pass in Pipeline.Passes do
            Expect.isTrue (obj.ReferenceEquals(pass.Run.Invoke graph, graph)) pass.Name)

let private scores = Expr.Input("scores", shape [ 64; 10 ])
let private labels = Expr.Input("labels", shape [ 64 ], DType.I32)

let private budget name (graph: Graph) kernels peak =
    testCase name (fun () ->
        let struct (count, bytes) =
            Compile.Function(graph, CompileOptions(Threads = 1, Width = VectorWidth.Bits256)).Measure()

        Expect.equal count kernels "kernels"
        Expect.isLessThanOrEqual bytes peak "bytes of the arena")

[<Tests>]
let budgets =
    testList "budgets" [
        budget "an elementwise chain is one kernel, without memory of its own" (Graph((x * 2.0f + 1.0f).Tanh().Sigmoid())) 1 0L
        budget "softmax is one kernel" (Graph(scores.Softmax())) 1 1024L
        (let loss = scores.SoftmaxCrossEntropy labels

         budget
             "cross-entropy and its gradient: one kernel, the division of the mean within"
             (Graph(loss, Gradient.Of(loss, scores).[0]))
             1
             4096L)
        (let loss = scores.MulticlassSvm labels

         budget
             "the SVM loss and its gradient: one kernel, the division of the mean within"
             (Graph(loss, Gradient.Of(loss, scores).[0]))
             1
             4096L)
        budget
            "bias and ReLU run in the product's tiles"
            (Graph((m.MatMul(Expr.Input("w", shape [ 3; 8 ])) + Expr.Input("b", shape [ 1; 8 ])).Relu()))
            1
            0L
        (let image, filters =
            Expr.Input("image", shape [ 2; 3; 3; 4 ]), Expr.Input("filters", shape [ 1; 1; 4; 8 ])

         let y = Expr.Of(Conv2d(Window(1), Window(1), 1), [| image; filters |])

         budget
             "as they do in those of a convolution of one pixel, though they are images and the product a matrix"
             (Graph((y + Expr.Input("b", shape [ 1; 1; 1; 8 ])).Relu()))
             1
             0L)
    ]

let private same = Padding.Same

/// Models whose whole training step is kept within kernels and bytes: what a change to fusion or to the plan must not make worse unseen.
let private known: (string * Model * Optimiser * int * int * int64) list = [
    "softmax-linear", Model.Input(3072).Dense(10), Optimiser.GradientDescent 1e-3, 256, 6, 224128L
    "multilayer perceptron", Model.Input(784).Dense(256).Relu().Dense(256).Relu().Dense(10), Optimiser.Adam(1e-3), 128, 19, 934400L
    "convolutional net",
    Model.Input(28, 28, 1).Conv(6, 5, padding = same).Relu().MaxPool(2).Conv(16, 5).Relu().MaxPool(2).Flatten().Dense(10),
    Optimiser.Momentum(0.1),
    128,
    24,
    7495104L
    "normalised convolutional net",
    Model
        .Input(32, 32, 3)
        .Conv(32, 3, padding = same)
        .BatchNorm()
        .Relu()
        .Conv(32, 3, padding = same)
        .BatchNorm()
        .Relu()
        .MaxPool(2)
        .Flatten()
        .Dense(10),
    Optimiser.Adam(1e-3),
    64,
    39,
    38235392L
]

[<Tests>]
let steps =
    testList "budgets of steps" [
        for name, model, optimiser, batch, kernels, peak in known do
            testCase name
            <| fun () ->
                let options = CompileOptions(Threads = 2, Width = VectorWidth.Bits256)

                let program =
                    Training.Compile(
                        model,
                        (fun scores labels -> scores.SoftmaxCrossEntropy labels),
                        optimiser,
                        options = options,
                        metrics = [ Metric.Accuracy ]
                    )

                let struct (count, bytes) = program.Step.Measure(struct ("N", batch))
                Expect.isTrue (count <= kernels && bytes <= peak) $"{count} kernels, {bytes} bytes of arena"
    ]

[<Tests>]
let stages =
    testCase "every stage prints" (fun () ->
        let text = Compile.Function((x * 2.0f).Tanh().Sum()).Explain()

        for part in [ "== graph: "; "== simplify: "; "== schedule: 1 kernels"; "== plan"; "peak "; "== kernel "; "while (" ] do
            Expect.stringContains text part "the dump")
