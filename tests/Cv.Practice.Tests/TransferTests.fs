/// Training what is left when a part of a net is frozen, behind a head of its own.
module Cv.Tests.TransferTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.States
open Expecto

let private loss =
    Func<_, _, _>(fun (scores: Expr) labels -> scores.SoftmaxCrossEntropy labels)

let private examples seed classes =
    let noise = RandomStream(seed, "examples")

    [|
        Binding("x", Tensor.From(shape [ 12; 5 ], Array.init 60 (fun i -> float32 (noise.Normal(int64 i)))))
        Binding("labels", Tensor.From(Array.init 12 (fun i -> i % classes)))
    |]

/// The loss that a function gives of some examples.
let private first (f: CompiledFunction) (state: ModelState) seed =
    let outputs = f.Call(state, examples seed 3)
    outputs[0].Item()

let private net =
    Model.Input(5).Dense(7).BatchNorm().Relu().Dropout(0.4).Dense(6).Relu().Dense(3)

let private body (name: string) =
    name.StartsWith "dense1" || name.StartsWith "batchnorm1"

let private numbers (state: ModelState) =
    contents state |> List.map (fun (name, _, bits) -> name, bits) |> Map.ofList

let private freezing =
    testList "frozen parameters" [
        testCase "stay to the bit, without gradient, optimiser state or penalty; all others move"
        <| fun () ->
            let program =
                Training.Compile(net, loss, Optimiser.Momentum 0.1, (fun w -> w.L2()), frozen = body)

            use state = program.Initialise 1UL
            let before = numbers state

            for step in 1UL .. 3UL do
                program.Step.Call(state, examples step 3) |> ignore

            let after = numbers state

            for name in state.Names do
                let stays = body name

                if stays then
                    Expect.equal after[name] before[name] $"{name} stays"
                else
                    Expect.notEqual after[name] before[name] $"{name} moves"

            Expect.equal
                (List.sort (List.ofSeq state.Names))
                [
                    "batchnorm1.mean"
                    "batchnorm1.scale"
                    "batchnorm1.shift"
                    "batchnorm1.variance"
                    "dense1.b"
                    "dense1.w"
                    "dense2.b"
                    "dense2.b/velocity"
                    "dense2.w"
                    "dense2.w/velocity"
                    "dense3.b"
                    "dense3.b/velocity"
                    "dense3.w"
                    "dense3.w/velocity"
                    "dropout/step"
                ]
                "no velocity of what is frozen"

            Expect.equal program.ParameterCount (7 * 6 + 6 + 6 * 3 + 3) "the trained numbers"

        testCase "a frozen batch norm runs as in prediction: a step's loss is that of evaluation"
        <| fun () ->
            let plain = Model.Input(5).Dense(7).BatchNorm().Relu().Dense(3)

            for frozen, same in [ body, true; (fun name -> name = "batchnorm1.scale"), false ] do
                let program =
                    Training.Compile(plain, loss, Optimiser.GradientDescent 0.1, frozen = frozen)

                use state = program.Initialise 1UL
                let judged = first program.Evaluate state 1UL
                let stepped = first program.Step state 1UL
                Expect.equal (abs (judged - stepped) < 1e-6) same $"{judged} and {stepped}"

        testCase "dropout goes on, however the names are chosen"
        <| fun () ->
            let program =
                Training.Compile(net, loss, Optimiser.GradientDescent 0.1, frozen = fun name -> name <> "dense3.w")

            use state = program.Initialise 1UL

            let losses = [ for _ in 1..3 -> first program.Step state 1UL ] |> List.distinct

            Expect.hasLength losses 3 "another mask at each step"
            Expect.equal (state["dropout/step"].Item()) 3.0 "counted"

        testCase "training behind a frozen body is training on what the body makes"
        <| fun () ->
            let body, head =
                Model.Input(5).Dense(6).Relu(), fun (m: Model) -> m.Dense(3, name = "head")

            let whole =
                Training.Compile(head body, loss, Optimiser.Adam 0.05, frozen = fun name -> name.StartsWith "dense1")

            let alone = Training.Compile(head (Model.Input 6), loss, Optimiser.Adam 0.05)
            let features = Compile.Function(Graph body.Output)
            use state = whole.Initialise 1UL
            use small = alone.Initialise 1UL

            for step in 1UL .. 5UL do
                let batch = examples step 3
                let made = features.Call(state, batch[0])[0]
                alone.Step.Call(small, Binding("x", made), batch[1]) |> ignore
                whole.Step.Call(state, batch) |> ignore

            for name in small.Names do
                for a, b in Seq.zip (small[name].ToDoubles()) (state[name].ToDoubles()) do
                    Expect.floatClose Accuracy.medium b a name

        testCase "something must be left"
        <| fun () ->
            Expect.throwsC
                (fun () ->
                    Training.Compile(Model.Input(5).Dense(3), loss, Optimiser.Adam 0.1, frozen = fun _ -> true)
                    |> ignore)
                (fun ex ->
                    Expect.equal
                        (Mistakes.text ex)
                        "training: a parameter must be left to train; all are frozen: dense1.w, dense1.b. Freeze fewer."
                        "the text")
    ]

[<Tests>]
let tests = testList "Transfer" [ freezing ]
