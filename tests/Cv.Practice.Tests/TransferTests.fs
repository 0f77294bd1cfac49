/// Training what is left when a part of a net is frozen, behind a head of its own.
module Cv.Tests.TransferTests

open System
open System.IO
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.DataFiles
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
                    "dropout1.step"
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
            Expect.equal (state["dropout1.step"].Item()) 3.0 "counted"

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

let private lossOfTwo (f: CompiledFunction) (state: ModelState) =
    let outputs = f.Call(state, examples 1UL 2)
    outputs[0].Item()

let private heads =
    let net = Model.Input(5).Dense(7).Relu().Dense(6).Relu().Dense(3)

    let fails run expected =
        Expect.throwsC run (fun ex -> Expect.equal (Mistakes.text ex) expected "the text")

    testList "heads" [
        testCase "stages are taken off the end"
        <| fun () ->
            let names (model: Model) = [ for stage in model.Stages -> stage.Name ]
            Expect.equal (names net) [ "dense1"; "relu1"; "dense2"; "relu2"; "dense3" ] "all"
            Expect.equal (names (net.Truncate())) [ "dense1"; "relu1"; "dense2"; "relu2" ] "one"
            Expect.equal (names (net.Truncate 5)) [] "all of them"
            Expect.equal (net.Truncate 5) (Model.Input 5) "the input is left"
            Expect.equal (net.Before "dense2") (Model.Input(5).Dense(7).Relu()) "before a layer"
            Expect.equal (net.Truncate(2).Relu().Dense(3)) net "put on again"

        testCase "another head: the body is the same, its names too"
        <| fun () ->
            let tuned = net.ReplaceHead(fun body -> body.Dense(2, name = "head"))
            Expect.equal (string tuned.Output.Type) "f32[N,2]" "two classes"
            Expect.equal (tuned.Truncate()) (net.Truncate()) "the body"
            let body = net.Truncate()

            Expect.equal
                [ for name in [ "dense1.w"; "dense2.b"; "head.w"; "dense3.w" ] -> body.Has name ]
                [ true; true; false; false ]
                "has"

            Expect.isTrue (Model.Input(5).Dense(2).BatchNorm().Has "batchnorm1.mean") "states too"

        testCase "mistakes name the stages"
        <| fun () ->
            fails
                (fun () -> net.Truncate 6 |> ignore)
                "truncate: the stages that go must be from 1 to 5; got 6 of dense1, relu1, dense2, relu2, dense3. Take others."

            fails
                (fun () -> net.Truncate 0 |> ignore)
                "truncate: the stages that go must be from 1 to 5; got 0 of dense1, relu1, dense2, relu2, dense3. Take others."

            fails
                (fun () -> net.Before "conv1" |> ignore)
                "before: the stage must be one of the model's; got \"conv1\" for dense1, relu1, dense2, relu2, dense3. Take one of these."

            fails
                (fun () -> Model.Input(5).Truncate() |> ignore)
                "truncate: the stages that go must be from 1 to 0; got 1 of a model without stages. Take others."

        testCase "load, freeze, replace the head, fine-tune"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "base.safetensors")
                let net = Model.Input(5).Dense(7).BatchNorm().Relu().Dense(3)
                let first = Training.Compile(net, loss, Optimiser.Momentum 0.1)
                use trained = first.Initialise 1UL

                for step in 1UL .. 5UL do
                    first.Step.Call(trained, examples step 3) |> ignore

                trained.Save(path, first.Predict.Leaves)
                let tuned = net.ReplaceHead(fun body -> body.Dense 2)
                let body = net.Truncate()

                let head =
                    Training.Compile(tuned, loss, Optimiser.Adam 0.05, frozen = (fun name -> body.Has name))

                use state = head.Initialise 2UL
                use pretrained = ModelState.Load path

                Expect.equal
                    (string (state.CopyMatching pretrained))
                    ("6 copied: dense1.w, dense1.b, batchnorm1.scale, batchnorm1.shift, batchnorm1.mean, batchnorm1.variance\n"
                     + "2 of another type: dense2.w is f32[7,3] there and f32[7,2] here, dense2.b is f32[1,3] there and f32[1,2] here\n"
                     + "8 not in the source: dense2.w/moment1, dense2.w/moment2, dense2.w/beta1_power, dense2.w/beta2_power, dense2.b/moment1, dense2.b/moment2, dense2.b/beta1_power, dense2.b/beta2_power")
                    "the report"

                let ofBody (state: ModelState) =
                    contents state |> List.filter (fun (name, _, _) -> body.Has name) |> List.sort

                let before = lossOfTwo head.Evaluate state

                for step in 1..30 do
                    head.Step.Call(state, examples 1UL 2) |> ignore

                sameContents (ofBody state) (ofBody pretrained) "the body is the file's"
                let headOnly = lossOfTwo head.Evaluate state
                Expect.isLessThan headOnly before "the head has learnt"
                let all = Training.Compile(tuned, loss, Optimiser.Adam 0.01)
                use whole = all.Initialise 3UL
                whole.CopyMatching state |> ignore

                for step in 1..30 do
                    all.Step.Call(whole, examples 1UL 2) |> ignore

                Expect.notEqual (ofBody whole) (ofBody pretrained) "the body moves"
                Expect.isLessThan (lossOfTwo all.Evaluate whole) headOnly "and the whole has learnt more")

        testCase "in F#"
        <| fun () ->
            let net = model [ 5 ] (dense 4 >> relu) |> _.Dense(3)
            let tuned = net |> replaceHead (dense 2)
            Expect.equal tuned (Model.Input(5).Dense(4).Relu().Dense(2)) "the same graph"
            Expect.equal (tuned |> before "dense2") (net |> truncate 1) "the body"

            let program =
                tuned
                |> compileFrozen (fun name -> name.StartsWith "dense1") softmaxCrossEntropy (adam 0.1)

            Expect.equal program.ParameterCount 10 "the head's"

            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.npz")
                use state = program.Initialise 1UL
                state |> saveState path
                use again = loadState path
                Expect.isEmpty (state |> copyMatching again).Missing "all there")
    ]

[<Tests>]
let tests = testList "Transfer" [ freezing; heads ]
