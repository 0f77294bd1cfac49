/// Several nets that predict together, and several that become one.
module Cv.Tests.EnsembleTests

open System
open System.IO
open System.Threading
open Cv.Compiler
open Cv.Dsl
open Cv.Practice
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.DataFiles
open Cv.Tests.States
open Expecto

let private loss =
    Func<_, _, _>(fun (scores: Expr) labels -> scores.SoftmaxCrossEntropy labels)

/// Twenty noisy images of 3 x 3, in three classes.
let private data =
    let noise = RandomStream(5UL, "images")

    Dataset(
        "noise",
        shape [ 3; 3; 1 ],
        Array.init (20 * 9) (fun i -> byte (256.0 * noise.Uniform(int64 i))),
        Array.init 20 (fun i -> byte (i % 3)),
        Collections.Immutable.ImmutableArray.Create<string>([| "a"; "b"; "c" |])
    )

let private compile (optimiser: Optimiser) (model: Model) =
    Training.Compile(model, loss, optimiser)

let private small () =
    compile (Optimiser.Momentum 0.1) (Model.Input(3, 3, 1).Flatten().Dense(3))

let private batches () =
    new Batches(data, 7, seed = Nullable 1UL)

let private softmax (row: float[]) =
    let powers = row |> Array.map (fun s -> exp (s - Array.max row))
    powers |> Array.map (fun p -> p / Array.sum powers)

/// What the members give, put together in f64: probabilities, loss, accuracy.
let private byHand (members: (IFunction * ModelState) list) =
    use all = new Batches(data, 20)
    let batch = all.Get(0, 0)

    let probabilities = [
        for predict, state in members ->
            (predict.Call(state, Binding("x", batch.X))[0]).ToDoubles()
            |> Array.chunkBySize 3
            |> Array.map softmax
    ]

    let mean =
        Array.init 20 (fun row -> Array.init 3 (fun c -> probabilities |> List.averageBy (fun p -> p[row][c])))

    let labels = data.Labels.ToArray() |> Array.map int
    let loss = Seq.zip mean labels |> Seq.averageBy (fun (p, l) -> -log p[l])

    let right =
        Seq.zip mean labels
        |> Seq.averageBy (fun (p, l) -> if p[l] = Array.max p then 1.0 else 0.0)

    mean, loss, right

let private check (ensemble: Ensemble) members =
    let mean, loss, accuracy = byHand members
    use all = new Batches(data, 20)
    let predicted = ensemble.Predict(all.Get(0, 0).X)
    Expect.equal (string predicted.Type) "f32[20,3]" "type"

    for actual, expected in Seq.zip (predicted.ToDoubles()) (Array.concat mean) do
        Expect.floatClose Accuracy.medium actual expected "probability"

    // in batches of another size, the last one short
    use uneven = new Batches(data, 7)
    let judged = ensemble.Evaluate uneven
    Expect.floatClose Accuracy.medium judged.Loss loss "loss"
    Expect.floatClose Accuracy.medium judged.Metrics["accuracy"] accuracy "accuracy"
    Expect.equal judged.Count 20 "examples"

let private together =
    testList "together" [
        testCase "the mean of the probabilities, its cross-entropy and its accuracy"
        <| fun () ->
            let program = small ()

            for count in [ 1UL; 2UL; 5UL ] do
                use ensemble =
                    new Ensemble(program.Predict, [ for seed in 1UL .. count -> program.Initialise seed ])

                check ensemble [ for state in ensemble.States -> program.Predict, state ]

        testCase "of different models"
        <| fun () ->
            let first = small ()

            let second =
                compile (Optimiser.Adam 0.1) (Model.Input(3, 3, 1).Conv(2, 2).Relu().Flatten().Dense(3))

            let members: (IFunction * ModelState) list = [ first.Predict, first.Initialise 1UL; second.Predict, second.Initialise 2UL ]

            use ensemble = new Ensemble([ for f, s in members -> struct (f, s) ])
            check ensemble members

        testCase "its loss is at most the mean of its members': -log is convex"
        <| fun () ->
            let program = small ()

            for seed in 1UL .. 20UL do
                use ensemble =
                    new Ensemble(program.Predict, [ for i in 1UL .. 3UL -> program.Initialise(10UL * seed + i) ])

                use all = new Batches(data, 20)

                let members =
                    ensemble.States
                    |> Seq.averageBy (fun state -> Evaluation.Of(program.Evaluate, state, all).Loss)

                Expect.isLessThan (ensemble.Evaluate(all).Loss) members "Jensen"

        testCase "a label that no net believes in has a finite loss"
        <| fun () ->
            let program = small ()

            let states = [
                for seed in 1UL .. 2UL do
                    let state = program.Initialise seed
                    // class 2 is further away than an f32's exponential reaches
                    state["dense1.b"].AsSpan<float32>()[2] <- -300.0f
                    state
            ]

            use ensemble = new Ensemble(program.Predict, states)
            use all = new Batches(data, 20)
            let loss = ensemble.Evaluate(all).Loss
            Expect.isTrue (Double.IsFinite loss && loss > 50.0) $"{loss}"

        testCase "independent nets: from each seed, as if each were trained alone"
        <| fun () ->
            let program = small ()

            let train (state: ModelState) (seed: uint64) =
                use batches = new Batches(data, 7, seed = Nullable seed)

                Trainer(program.Step, program.Evaluate, TrainingOptions(Epochs = 2)).Train(state, batches)
                |> ignore

            use ensemble = Ensemble.Independent(program, [ 4UL; 7UL ], train)

            for state, seed in Seq.zip ensemble.States [ 4UL; 7UL ] do
                use alone = program.Initialise seed
                train alone seed
                sameContents (contents state) (contents alone) $"seed {seed}"

        testCase "whatever takes a compiled prediction takes an ensemble"
        <| fun () ->
            let program = small ()

            use ensemble =
                new Ensemble(program.Predict, [ program.Initialise 1UL; program.Initialise 2UL ])

            let features = Features.Compute(ensemble, new Batches(data, 6))
            let mean, _, _ = byHand [ for state in ensemble.States -> program.Predict, state ]

            for actual, expected in Seq.zip (features.X.ToDoubles()) (Array.concat mean) do
                Expect.floatClose Accuracy.medium actual expected "probability"

        testCase "in F#"
        <| fun () ->
            let program = small ()
            let seeds = [ 1UL; 2UL ]

            use trained =
                seeds
                |> Cv.FSharp.Ensembles.independent program (fun seed state -> state["dense1.b"].AsSpan<float32>()[0] <- float32 seed)

            Expect.equal [ for state in trained.States -> (state["dense1.b"].ToDoubles())[0] ] [ 1.0; 2.0 ] "trained"
            use joined = trained.States |> Cv.FSharp.Ensembles.ensemble program.Predict
            check joined [ for state in joined.States -> program.Predict, state ]
            use mean = Cv.FSharp.Ensembles.averageWeights trained.States
            Expect.equal ((mean["dense1.b"].ToDoubles())[0]) 1.5 "the mean"

        testCase "no net is refused"
        <| fun () ->
            Expect.throwsT<ArgumentException> (fun () -> new Ensemble((small ()).Predict, []) |> ignore) "ensemble"
            Expect.throwsT<ArgumentException> (fun () -> WeightAverage.Of [||] |> ignore) "average"
    ]

let private cyclic () =
    compile (Optimiser.Momentum(Schedule.Cosine(0.2, 4).Repeat 4)) (Model.Input(3, 3, 1).Flatten().Dense(3))

/// Trains so many epochs of three steps, with a copy after every fourth step.
let private snapshots (program: TrainingProgram) epochs folder (checkpoint: CheckpointOptions | null) cancelAt =
    use state = program.Initialise 1UL
    use batches = batches ()
    use source = new CancellationTokenSource()

    let listener = {
        new IProgress<TrainingEvent> with
            member _.Report event =
                match event with
                | :? StepTaken as e when e.Step = cancelAt -> source.Cancel()
                | _ -> ()
    }

    let snapshots = Snapshots(state, 4L, listener, folder)

    Trainer(program.Step, program.Evaluate, TrainingOptions(Epochs = epochs, Checkpoint = checkpoint))
        .Train(state, batches, null, snapshots, source.Token)
    |> ignore

    [ for state in snapshots.States -> contents state ]

let private cycles =
    testList "snapshots" [
        testCase "are what the run was at the end of each cycle"
        <| fun () ->
            let program = cyclic ()
            let taken = snapshots program 4 null null -1L
            Expect.hasLength taken 3 "twelve steps"
            use state = program.Initialise 1UL
            use batches = batches ()

            for step in 0..11 do
                program.Step.Call(state, batches.Get(1 + step / 3, step % 3).Inputs()) |> ignore

                if step % 4 = 3 then
                    sameContents (contents state) taken[step / 4] $"after {step + 1} steps"

        testCase "a run that goes on finds its earlier ones"
        <| fun () ->
            let program = cyclic ()
            let straight = snapshots program 4 null null -1L

            for at in 1L .. 11L do
                inFolder (fun folder ->
                    let checkpoint = CheckpointOptions(Path.Combine(folder, "run.ckpt"))
                    let copies = Path.Combine(folder, "copies")
                    snapshots program 4 copies checkpoint at |> ignore
                    let gone = snapshots program 4 copies checkpoint -1L
                    Expect.hasLength gone straight.Length "as many"

                    for a, b in List.zip gone straight do
                        sameContents a b $"stopped at {at}"

                    Expect.equal
                        (List.sort [ for file in Directory.GetFiles copies -> Path.GetFileName file ])
                        [ "snapshot-12.safetensors"; "snapshot-4.safetensors"; "snapshot-8.safetensors" ]
                        "files")

        testCase "and says so when they are not there"
        <| fun () ->
            inFolder (fun folder ->
                let program = cyclic ()
                let checkpoint = CheckpointOptions(Path.Combine(folder, "run.ckpt"))
                snapshots program 4 null checkpoint 5L |> ignore

                Expect.throwsC (fun () -> snapshots program 4 null checkpoint -1L |> ignore) (fun ex ->
                    Expect.equal
                        ex.Message
                        "snapshots: a run that goes on needs its earlier copies; it goes on after step 5, and they have no folder. Begin anew, with a folder."
                        "the text"))
    ]

let private averaged =
    testList "averaged" [
        testCase "the mean of each number, and the last count of steps"
        <| fun () ->
            let program =
                compile
                    (Optimiser.Momentum(Schedule.Cosine(0.1, 9)))
                    (Model.Input(3, 3, 1).Flatten().Dense(4).BatchNorm().Dropout(0.5).Dense(3))

            use batches = batches ()

            let states = [
                for seed in 1UL .. 3UL do
                    let state = program.Initialise seed

                    for index in 0 .. int seed - 1 do
                        program.Step.Call(state, batches.Get(1, index).Inputs()) |> ignore

                    state
            ]

            use mean = WeightAverage.Of(List.toArray states)
            Expect.equal (List.ofSeq mean.Names) (List.ofSeq states[0].Names) "names"

            for name in mean.Names do
                let all = [ for state in states -> state[name].ToDoubles() ]

                for i, actual in Array.indexed (mean[name].ToDoubles()) do
                    let expected =
                        if name.EndsWith "step" then
                            all[2][i]
                        else
                            all |> List.averageBy (fun values -> values[i])

                    Expect.floatClose Accuracy.medium actual expected $"{name} {i}"

        testCase "statistics are taken anew, and nothing else moves"
        <| fun () ->
            // a momentum of 1 keeps the last batch's alone
            let model =
                Model.Input(3, 3, 1).Flatten().Dense(4).BatchNorm(momentum = 1.0).Relu().Dense(3)

            let program = compile (Optimiser.Momentum 0.1) model
            use state = program.Initialise 1UL
            let before = contents state
            use all = new Batches(data, 20)
            WeightAverage.RefreshStatistics(model, state, all)
            let hidden = Compile.Function(Graph(Model.Input(3, 3, 1).Flatten().Dense(4).Output))

            let rows =
                (hidden.Call(state, Binding("x", all.Get(0, 0).X))[0]).ToDoubles()
                |> Array.chunkBySize 4

            for c in 0..3 do
                let column = rows |> Array.map (fun row -> row[c])
                let mean = Array.average column
                let variance = (column |> Array.sumBy (fun v -> (v - mean) ** 2.0)) / 19.0
                Expect.floatClose Accuracy.low (state["batchnorm1.mean"].ToDoubles()[c]) mean $"mean {c}"
                Expect.floatClose Accuracy.low (state["batchnorm1.variance"].ToDoubles()[c]) variance $"variance {c}"

            for (name, _, bits), (_, _, was) in List.zip (contents state) before do
                Expect.equal (bits = was) (not (name.EndsWith "mean" || name.EndsWith "variance")) name

        testCase "states of two models have no mean"
        <| fun () ->
            let one, other =
                (small ()).Initialise 1UL, (compile (Optimiser.GradientDescent 0.1) (Model.Input(9).Dense(3))).Initialise 1UL

            Expect.throwsC (fun () -> WeightAverage.Of [| one; other |] |> ignore) (fun ex ->
                Expect.stringContains
                    (Mistakes.text ex)
                    "weight average: all states must hold the same tensors; \"dense1.w/velocity\" is "
                    "the text")
    ]

[<Tests>]
let tests = testList "Ensembles" [ together; cycles; averaged ]
