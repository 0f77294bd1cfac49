/// The whole road: a model is compiled, trains on small pictures, gives the same bits on any number of threads, and stops well when it diverges.
module Cv.Tests.TrainingTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

/// Pictures of 4 x 4 whose class, 0 to 2, is the brightest of three rows.
let private pictures count =
    let images = Array.zeroCreate<byte>(count * 16)
    let labels = Array.init count (fun i -> byte (i % 3))
    let noise = RandomStream(7UL, "pictures")

    for i in 0 .. count - 1 do
        for p in 0..15 do
            let bright = if p / 4 = int labels.[i] then 120.0 else 0.0
            images.[16 * i + p] <- byte (bright + 100.0 * noise.Uniform(int64 (16 * i + p)))

    Dataset("pictures", shape [ 4; 4; 1 ], images, labels, ImmutableArray.Create("a", "b", "c"))

let private data = pictures 130
let private net = Model.Input(4, 4, 1).Flatten().Dense(12).Relu().Dense(3)
let private loss (scores: Expr) (labels: Expr) = scores.SoftmaxCrossEntropy labels

let private compiled (optimiser: Optimiser) threads width =
    Training.Compile(
        net,
        Func<_, _, _>(loss),
        optimiser,
        Func<_, _>(fun w -> 1e-3 * w.L2()),
        CompileOptions(Threads = threads, Width = width),
        metrics = [ Metric.Accuracy ]
    )

let private trained optimiser threads width epochs =
    let program = compiled optimiser threads width
    let state = program.Initialise 3UL
    use batches = new Batches(data, 32, seed = Nullable 5UL)

    let result =
        Trainer(program.Step, program.Evaluate, TrainingOptions(Epochs = epochs)).Train(state, batches)

    state, result, program, batches

let private bits (state: ModelState) = [ for name in state.Names -> name, state.[name].ToArray<float32>() ]

let private optimisers = [
    "gradient descent", Optimiser.GradientDescent 0.1
    "momentum", Optimiser.Momentum 0.03
    "nesterov", Optimiser.Nesterov 0.03
    "adam", Optimiser.Adam 0.01
]

[<Tests>]
let learns =
    testList "training learns" [
        for name, optimiser in optimisers ->
            testCase name (fun () ->
                let state, _, program, _ = trained optimiser 2 VectorWidth.Auto 30
                use batches = new Batches(pictures 60, 60)
                let evaluation = Evaluation.Of(program.Evaluate, state, batches)
                Expect.isGreaterThan evaluation.Metrics["accuracy"] 0.95 "accuracy on pictures it was made from the same way")
    ]

[<Tests>]
let reproducible =
    testList "training gives the same bits" [
        for width in [ VectorWidth.Bits128; VectorWidth.Bits256; VectorWidth.Bits512 ] ->
            testCase $"{width}, on 1, 2 and 3 threads and again" (fun () ->
                let run threads =
                    let state, _, _, _ = trained (Optimiser.Adam 0.01) threads width 3
                    bits state

                let one = run 1

                for threads in [ 2; 3; 1 ] do
                    Expect.equal (run threads) one $"{threads} threads")
    ]

[<Tests>]
let diverging =
    testCase "a loss that is not finite stops, names the node, and leaves the last good parameters" (fun () ->
        let program = compiled (Optimiser.GradientDescent 1e30) 2 VectorWidth.Auto
        let state = program.Initialise 3UL
        use batches = new Batches(data, 32, seed = Nullable 5UL)
        let trainer = Trainer(program.Step, program.Evaluate, TrainingOptions(Epochs = 5))
        let start = state.Clone()

        Expect.throwsC (fun () -> trainer.Train(state, batches) |> ignore) (fun ex ->
            match ex with
            | :? TrainingException as stop ->
                Expect.isGreaterThan stop.Step 1L "the step"
                Expect.isNotNull stop.Report "a node"

                // the parameters that went into the last step whose loss was finite: the same steps again, one fewer
                for at in 0 .. int stop.Step - 3 do
                    let batch = batches.Get(at / batches.Count, at % batches.Count)
                    program.Step.Call(start, batch.Inputs()) |> ignore

                Expect.equal (bits state) (bits start) "the state"
            | other -> failtestf "a TrainingException, not %O" other))

[<Tests>]
let mistakes =
    testCase "a model without parameters cannot be trained" (fun () ->
        Expect.throwsC
            (fun () ->
                Training.Compile(Model.Input 3, Func<_, _, _>(loss), Optimiser.GradientDescent 0.1)
                |> ignore)
            (fun ex ->
                Expect.equal (Mistakes.text ex) "training: the model must have a parameter; got none. Add a layer: .Dense(10)?" "the text"))
