/// Searches of hyper-parameters: spaces, each way of searching, giving up, and going on after a kill.
module Cv.Tests.SearchTests

open System
open System.Collections.Immutable
open System.IO
open System.Threading
open Cv.Compiler
open Cv.Dsl
open Cv.Practice
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck.FSharp

let private rate = Setting.LogUniform("rate", 1e-4, 1e-1)
let private hidden = Setting.Integer("hidden", 16, 256)
let private gate = Setting.Choice("gate", "relu", "tanh", "sigmoid")

let private space =
    SearchSpace(rate, Setting.Uniform("dropout", 0.0, 0.5), hidden, gate)

/// Best at a rate of 0.01, 100 hidden units and tanh: 1 there, less elsewhere.
let private score (trial: Trial) =
    let rate = Math.Log10(trial["rate"] / 0.01)
    let hidden = (float (trial.Integer "hidden") - 100.0) / 100.0
    let gate = if trial.Choice "gate" = "tanh" then 0.0 else 0.2
    1.0 - 0.3 * rate * rate - 0.3 * hidden * hidden - gate

let private tried = Func<Trial, float> score

let private values (result: SearchResult) = [
    for t in result.Trials -> t.Number, t.Budget, List.ofSeq t.Settings.Values, t.Score, t.Outcome, List.ofSeq t.Reports
]

let private spaces =
    let draws = [ for i in 0L .. 999L -> space.Draw(3UL, i) ]

    testList "spaces" [
        testCase "what is drawn lies in the space, evenly by its scale"
        <| fun () ->
            Expect.all draws (fun s -> s["rate"] >= 1e-4 && s["rate"] <= 1e-1) "rates"
            Expect.all draws (fun s -> s.Integer "hidden" >= 16 && s.Integer "hidden" <= 256) "hidden"

            let below name value =
                draws |> List.filter (fun s -> s[name] < value) |> List.length

            Expect.isLessThan (abs (below "rate" 0.00316228 - 500)) 50 "half of the rates below the geometric mean"
            Expect.isLessThan (abs (below "dropout" 0.25 - 500)) 50 "half below the mean"

            for word in [ "relu"; "tanh"; "sigmoid" ] do
                Expect.isLessThan (abs ((draws |> List.filter (fun s -> s.Choice "gate" = word) |> List.length) - 333)) 50 word

        testCase "the ends of whole numbers are as likely as the others"
        <| fun () ->
            let dice = SearchSpace(Setting.Integer("dice", 1, 6))

            let counts =
                [ for i in 0L .. 5999L -> dice.Draw(1UL, i).Integer "dice" ] |> List.countBy id

            Expect.all counts (fun (_, count) -> abs (count - 1000) < 120) "about a thousand each"

        testProperty "a value's place leads back to it"
        <| Prop.forAll (Gen.choose (0, 1000) |> Gen.map (fun i -> float i / 1000.0) |> Arb.fromGen) (fun place ->
            for setting in space.Settings do
                let value = setting.At place
                let back = setting.At(setting.PlaceOf value)
                Expect.isLessThan (abs (back - value)) (1e-9 * max 1.0 (abs value)) $"{setting}")

        testCase "settings read as what they are"
        <| fun () ->
            let settings = space.At [ 0.5; 0.5; 0.5; 0.5 ]
            Expect.equal (settings.ToString()) "rate 0.003162, dropout 0.25, hidden 136, gate tanh" "text"

            for ask, text in
                [
                    (fun () -> ignore settings["rat"]),
                    "search: a setting must be one of the space's; got \"rat\". It has rate, dropout, hidden, gate."
                    (fun () -> ignore (settings.Integer "dropout")),
                    "search: \"dropout\" must be whole to be read so; got 0.25. Make it a Setting.Integer?"
                ] do
                Expect.throwsC ask (fun ex -> Expect.equal (Mistakes.text ex) text "the text")

        for name, make, text in
            [
                "an empty range",
                (fun () -> Setting.Uniform("u", 1.0, 1.0) |> ignore),
                "search: \"u\" must go from a number to a larger one; got 1 to 1."
                "a logarithm of 0",
                (fun () -> Setting.LogUniform("l", 0.0, 1.0) |> ignore),
                "search: \"l\" must go from a number above 0 to a larger one; got 0 to 1."
                "no choice",
                (fun () -> Setting.Choice("c", ([||]: string[])) |> ignore),
                "search: \"c\" must have values to choose from, each once; got none."
                "two of a name",
                (fun () -> SearchSpace(rate, rate) |> ignore),
                "search: a space must have settings, each of another name; got rate, rate."
                "no trials", (fun () -> Search.Random(space, 0, tried) |> ignore), "search: there must be at least 1 trials; got 0."
            ] do
            testCase $"refused: {name}"
            <| fun () -> Expect.throwsC make (fun ex -> Expect.stringStarts ex.Message text "the text")
    ]

let private ways: (string * (SearchOptions -> SearchResult)) list = [
    "random", (fun options -> Search.Random(space, 12, tried, options))
    "grid", (fun options -> Search.Grid(SearchSpace(rate, hidden, gate), 2, tried, options))
    "coarse to fine", (fun options -> Search.CoarseToFine(space, 3, 4, tried, options))
    "halving", (fun options -> Search.Halving(space, 9, tried, 1.0, 3, options))
    "bayesian", (fun options -> Search.Bayesian(space, 10, tried, Nullable 6, options))
]

let private inFile run =
    let path = Path.Combine(Path.GetTempPath(), $"journal-{Guid.NewGuid()}.jsonl")

    try
        run path
    finally
        File.Delete path

let private searching =
    testList "searching" [
        for name, search in ways do
            testCase $"{name}: the same seed gives the same trials"
            <| fun () ->
                let once = values (search (SearchOptions(Seed = 5UL)))
                Expect.equal (values (search (SearchOptions(Seed = 5UL)))) once "again"

                if name <> "grid" then
                    Expect.notEqual (values (search (SearchOptions(Seed = 6UL)))) once "another seed"

        testCase "grid: each combination once, from end to end"
        <| fun () ->
            let result =
                Search.Grid(SearchSpace(rate, Setting.Choice("k", 1.0, 3.0)), 3, Func<_, _>(fun t -> t["rate"] + t["k"]))

            let expected = [
                for rate in [ 1e-4; 0.00316227766; 0.1 ] do
                    for k in [ 1.0; 3.0 ] -> rate, k
            ]

            Expect.hasLength result.Trials 6 "all"

            for trial, (rate, k) in Seq.zip result.Trials expected do
                Expect.isLessThan (abs (trial.Settings["rate"] / rate - 1.0)) 1e-6 "rate"
                Expect.equal trial.Settings["k"] k "k"

            Expect.equal (result.Best.Settings.Integer "k") 3 "the best"

        testCase "coarse to fine: each stage looks at a third, around the best, inside the space"
        <| fun () ->
            let line = SearchSpace(Setting.Uniform("x", 0.0, 1.0))

            for peak in [ 0.0; 0.37; 1.0 ] do
                let result =
                    Search.CoarseToFine(line, 3, 20, Func<_, _>(fun t -> -abs(t["x"] - peak)))

                let stages =
                    result.Trials |> Seq.map _.Settings.["x"] |> Seq.chunkBySize 20 |> List.ofSeq

                let width stage = Seq.max stage - Seq.min stage
                Expect.isLessThan (width stages[1]) 0.3334 "the second"
                Expect.isLessThan (width stages[2]) 0.1112 "the third"
                Expect.isGreaterThan (width stages[1]) 0.2 "at an end of the space as wide as elsewhere"
                Expect.isLessThan (abs (result.Best.Settings["x"] - peak)) 0.01 "near the peak"

        testCase "halving: 9, 3 and 1 trials, with 1, 3 and 9 epochs; the best stay"
        <| fun () ->
            let result = Search.Halving(space, 9, tried)
            Expect.equal (result.Trials |> Seq.countBy _.Budget |> List.ofSeq) [ 1.0, 9; 3.0, 3; 9.0, 1 ] "rounds"

            let first =
                result.Trials
                |> Seq.take 9
                |> Seq.sortByDescending _.Score
                |> Seq.map _.Number
                |> List.ofSeq

            let second =
                result.Trials |> Seq.skip 9 |> Seq.take 3 |> Seq.map _.Number |> List.ofSeq

            Expect.equal second (List.truncate 3 first) "the best three"
            Expect.equal (result.Best.Number, result.Best.Budget) (List.head first, 9.0) "the best, tried longest"

        testCase "bayesian: nearer to the best than as many trials at random, for most of six seeds"
        <| fun () ->
            let best search = [ for seed in 1UL .. 6UL -> (search (SearchOptions(Seed = seed)): SearchResult).Best.Score ]

            let bayesian =
                best (fun options -> Search.Bayesian(space, 24, tried, options = options))

            let random = best (fun options -> Search.Random(space, 24, tried, options))

            let better =
                List.map2 (fun b r -> b > r) bayesian random |> List.filter id |> List.length

            Expect.isGreaterThanOrEqual better 5 $"{bayesian} against {random}"
            Expect.isGreaterThan (List.average bayesian) 0.97 $"{bayesian}"

        testCase "a training that bursts is a failed trial, and the search goes on"
        <| fun () ->
            for search in
                [
                    fun score -> Search.Random(space, 8, score)
                    fun score -> Search.Bayesian(space, 8, score, Nullable 3)
                ] do
                let result =
                    search (
                        Func<_, _>(fun trial ->
                            if trial.Number % 3 = 0 then
                                raise (TrainingException("burst", 1, 1L, null))

                            if trial.Number % 3 = 1 then Double.NaN else score trial)
                    )

                Expect.equal
                    [ for t in result.Trials -> t.Outcome = TrialOutcome.Failed ]
                    [ for number in 1..8 -> number % 3 <> 2 ]
                    "outcomes"

                Expect.all result.Trials (fun t -> t.Outcome <> TrialOutcome.Failed || Double.IsNaN t.Score) "no score"
                Expect.equal (result.Best.Number % 3) 2 "the best"

        testCase "other errors are the caller's"
        <| fun () ->
            Expect.throwsT<InvalidOperationException>
                (fun () ->
                    Search.Random(space, 3, Func<_, _>(fun _ -> raise (InvalidOperationException "mine")))
                    |> ignore)
                "passed on"

        testCase "no best where all failed"
        <| fun () ->
            let result = Search.Random(space, 2, Func<_, _>(fun _ -> Double.NaN))

            Expect.throwsC (fun () -> result.Best |> ignore) (fun ex ->
                Expect.stringStarts ex.Message "search: one of the 2 trials must have run to its end; got none." "the text")
    ]

let private stopping =
    /// Reports ten scores that rise to the trial's own.
    let rising (log: Collections.Generic.List<int>) (trial: Trial) =
        let mutable step = 0
        let mutable goesOn = true

        while goesOn && step < 10 do
            step <- step + 1
            goesOn <- trial.Report(score trial * float step / 10.0)

        log.Add step
        score trial * float step / 10.0

    testList "stopping" [
        testCase "median: a trial whose best is below the median of the means is given up"
        <| fun () ->
            let rule = StoppingRule.Median(trials = 3)

            let earlier outcome reports =
                TrialResult(
                    1,
                    space.Draw(1UL, 0L),
                    1.0,
                    0.0,
                    outcome,
                    Collections.Immutable.ImmutableArray.CreateRange(reports: float list),
                    TimeSpan.Zero
                )

            let completed = [ for level in [ 1.0; 3.0; 5.0 ] -> earlier TrialOutcome.Completed [ level; level + 2.0 ] ]

            for reports, stops in
                [
                    [ 0.0 ], false // the first is free
                    [ 0.0; 3.9 ], true // the means so far are 2, 4 and 6
                    [ 0.0; 4.0 ], false
                    [ 4.0; 0.0 ], false // its best counts
                    [ nan; nan ], true
                    [ 0.0; 0.0; 0.0 ], false // none came so far
                ] do
                Expect.equal (rule.Stops(ResizeArray completed, ResizeArray reports)) stops $"{reports}"

            Expect.isFalse (rule.Stops(ResizeArray(List.tail completed), ResizeArray [ 0.0; 0.0 ])) "two are too few"

            let others = List.tail completed @ [ earlier TrialOutcome.Stopped [ 9.0; 9.0 ] ]
            Expect.isFalse (rule.Stops(ResizeArray others, ResizeArray [ 0.0; 0.0 ])) "what was given up does not count"

        testCase "a search spends less, and finds the same"
        <| fun () ->
            let all, some = ResizeArray(), ResizeArray()
            let whole = Search.Random(space, 30, Func<_, _>(rising all))

            let stopped =
                Search.Random(space, 30, Func<_, _>(rising some), SearchOptions(Stopping = StoppingRule.Median()))

            Expect.equal stopped.Best.Number whole.Best.Number "the best"
            Expect.isLessThan (Seq.sum some) (Seq.sum all * 2 / 3) "steps"

            for trial in stopped.Trials do
                Expect.equal (trial.Outcome = TrialOutcome.Stopped) (trial.Reports.Length < 10) $"{trial}"

        testCase "a trainer reports by itself, and stops"
        <| fun () ->
            let noise = RandomStream(1UL, "search")
            let labels = Array.init 60 (fun i -> byte (i % 2))

            let images =
                Array.init 240 (fun i -> byte (100.0 * noise.Uniform(int64 i)) + 100uy * labels[i / 4])

            let set =
                Dataset("two", shape [ 4 ], images, labels, [| "a"; "b" |].ToImmutableArray())

            let struct (train, validation) = set.Split 40

            let score (metric: Metric | null) (trial: Trial) =
                let program =
                    Training.Compile(
                        Model.Input(4).Dense(2, Initialiser.Zeros),
                        (fun scores labels -> scores.SoftmaxCrossEntropy labels),
                        Optimiser.GradientDescent trial["rate"],
                        options = CompileOptions(Threads = 1),
                        metrics = [ Metric.Accuracy ]
                    )

                use state = program.Initialise trial.Seed
                use batches = new Batches(train, 10, seed = trial.Seed)
                use judged = new Batches(validation, 20)

                let result =
                    Trainer(program.Step, program.Evaluate, TrainingOptions(Epochs = 5))
                        .Train(state, batches, judged, trial, trial.Cancellation)

                let watched (e: EpochEnded) =
                    match metric with
                    | null -> -(nonNull e.Validation).Loss
                    | metric -> (nonNull e.Validation).Metrics[metric]

                Expect.equal (List.ofSeq trial.Reports) [ for e in result.Epochs -> watched e ] "a report an epoch"

                if result.Epochs.IsEmpty then
                    0.0
                else
                    (Seq.last trial.Reports)

            let never = {
                new StoppingRule() with
                    member _.Stops(_, reports) = reports.Count = 2
            }

            let result =
                Search.Random(SearchSpace(rate), 2, Func<_, _>(score null), SearchOptions(Stopping = never))

            Expect.equal
                [ for t in result.Trials -> t.Outcome, t.Reports.Length ]
                [ TrialOutcome.Stopped, 2; TrialOutcome.Stopped, 2 ]
                "given up after two epochs"

            let byAccuracy = SearchOptions(Metric = Metric.Accuracy)

            let free =
                Search.Random(SearchSpace(rate), 2, Func<_, _>(score Metric.Accuracy), byAccuracy)

            Expect.equal [ for t in free.Trials -> t.Reports.Length ] [ 5; 5 ] "all epochs"
    ]

let private journals =
    let run path (count: int) search =
        let calls = ref 0

        let result =
            (search: Func<Trial, float> -> SearchOptions -> SearchResult)
                (Func<_, _>(fun trial ->
                    calls.Value <- calls.Value + 1

                    if calls.Value > count then
                        raise (OperationCanceledException "killed")

                    trial.Report(score trial / 2.0) |> ignore
                    score trial))
                (SearchOptions(Journal = path, Seed = 2UL))

        calls.Value, result

    let searches: (string * (Func<Trial, float> -> SearchOptions -> SearchResult)) list = [
        "random", (fun score options -> Search.Random(space, 6, score, options))
        "grid", (fun score options -> Search.Grid(SearchSpace(rate, hidden, gate), 2, score, options))
        "coarse to fine", (fun score options -> Search.CoarseToFine(space, 3, 3, score, options))
        "halving", (fun score options -> Search.Halving(space, 9, score, options = options))
        "bayesian", (fun score options -> Search.Bayesian(space, 8, score, Nullable 4, options))
    ]

    testList "journal" [
        for name, search in searches do
            testCase $"{name}: killed after any trial, it goes on to the same end"
            <| fun () ->
                let whole = inFile (fun path -> run path 1000 search |> snd)

                for killed in 0 .. whole.Trials.Length - 1 do
                    inFile (fun path ->
                        Expect.throwsT<OperationCanceledException> (fun () -> run path killed search |> ignore) "killed"
                        let calls, resumed = run path 1000 search
                        Expect.equal (values resumed) (values whole) $"after {killed}"
                        Expect.equal (calls, resumed.Resumed) (whole.Trials.Length - killed, killed) "trials run, trials read")

        testCase "cut at any byte, it goes on from the last whole line"
        <| fun () ->
            let search = searches |> List.head |> snd

            inFile (fun path ->
                let _, whole = run path 1000 search
                let bytes = File.ReadAllBytes path

                for length in 0 .. bytes.Length do
                    File.WriteAllBytes(path, bytes[.. length - 1])
                    let lines = bytes[.. length - 1] |> Seq.filter ((=) 10uy) |> Seq.length
                    let _, resumed = run path 1000 search
                    Expect.equal (values resumed) (values whole) $"cut to {length} bytes"
                    Expect.equal resumed.Resumed (max 0 (lines - 1)) $"cut to {length} bytes")

        testCase "what was torn is gone, however long it was"
        <| fun () ->
            let search = searches |> List.head |> snd

            inFile (fun path ->
                let _, whole = run path 1000 search
                let count = (File.ReadAllLines path).Length
                File.AppendAllText(path, String('x', 5000))
                let longer (score: Func<Trial, float>) options = Search.Random(space, 7, score, options)
                let _, resumed = run path 1000 longer
                Expect.equal (List.truncate 6 (values resumed), resumed.Resumed) (values whole, 6) "the trials before it"
                Expect.equal (File.ReadAllLines path).Length (count + 1) "one line more")

        testCase "longer than before: the first trials are read"
        <| fun () ->
            inFile (fun path ->
                let options = SearchOptions(Journal = path)
                let short = Search.Random(space, 3, tried, options)
                let long = Search.Random(space, 5, tried, options)
                Expect.equal (long.Resumed, List.truncate 3 (values long)) (3, values short) "three of five")

        for name, spoil, text in
            [
                "another seed's", id, "expected the journal of this search"
                "no header", (fun (lines: string[]) -> Array.tail lines), "expected the journal of this search"
                "not JSON", (fun lines -> lines |> Array.updateAt 2 "{}}"), "at line 3: expected a trial, found {}}"
                "nothing in it", (fun lines -> lines |> Array.updateAt 2 "{}"), "at line 3: expected a trial"
                "null", (fun lines -> lines |> Array.updateAt 1 "null"), "at line 2: expected a trial"
                "a trial left out", (fun lines -> lines |> Array.removeAt 1), "expected trial 1 with"
            ] do
            testCase $"refused: {name}"
            <| fun () ->
                inFile (fun path ->
                    let seed = if name.StartsWith "another" then 9UL else 2UL

                    Search.Random(space, 4, tried, SearchOptions(Journal = path, Seed = seed))
                    |> ignore

                    File.WriteAllLines(path, spoil (File.ReadAllLines path))

                    Expect.throwsC
                        (fun () ->
                            Search.Random(space, 4, tried, SearchOptions(Journal = path, Seed = 2UL))
                            |> ignore)
                        (fun ex ->
                            Expect.isTrue (ex :? DataException) $"{ex}"
                            Expect.stringContains ex.Message text "the text"))

        testCase "cancelled: the trial that runs is dropped"
        <| fun () ->
            inFile (fun path ->
                use source = new CancellationTokenSource()

                let cancels =
                    Func<Trial, float>(fun trial ->
                        if trial.Number = 3 then
                            source.Cancel()
                            Expect.isTrue trial.Cancellation.IsCancellationRequested "a trainer would stop"

                        score trial)

                Expect.throwsT<OperationCanceledException>
                    (fun () ->
                        Search.Random(space, 5, cancels, SearchOptions(Journal = path, Cancellation = source.Token))
                        |> ignore)
                    "cancelled"

                Expect.equal (Search.Random(space, 5, tried, SearchOptions(Journal = path))).Resumed 2 "two were done")
    ]

let private processes =
    let line = [| for i in 0..8 -> [| float i / 8.0 |] |]
    let wave (x: float) = sin (6.0 * x)

    testList "gaussian process" [
        testCase "it knows what it has seen, and is uncertain between"
        <| fun () ->
            let gp = GaussianProcess(1, CompileOptions(Threads = 1))
            gp.Fit(line, [| for x in line -> wave x[0] |])

            for x, belief in Seq.zip line (gp.At line) do
                Expect.isLessThan (abs (belief.Mean - wave x[0])) 1e-3 $"at {x[0]}"
                Expect.isLessThan belief.Deviation 0.02 $"at {x[0]}"

            for belief, x in [ for x in [ 0.06; 0.44; 0.81 ] -> (gp.At [| [| x |] |])[0], x ] do
                Expect.isLessThan (abs (belief.Mean - wave x)) 0.05 $"between, at {x}"

            let far = (gp.At [| [| 30.0 |] |])[0]
            Expect.isGreaterThan far.Deviation 0.3 "far away it knows nothing"

        testCase "two points: as the formula by hand"
        <| fun () ->
            let gp = GaussianProcess(1, CompileOptions(Threads = 1))
            gp.Fit([| [| 0.2 |]; [| 0.6 |] |], [| 1.0; 3.0 |])
            let asked = [| 0.0; 0.35; 0.6; 1.0 |]

            let matern length d =
                let s = sqrt 5.0 * abs d / length
                (1.0 + s + s * s / 3.0) * exp -s

            // the same lengths and noises, by inverting 2 x 2
            let candidates = [
                for length in [ 0.05; 0.1; 0.2; 0.35; 0.6; 1.0; 2.0; 5.0 ] do
                    for noise in [ 1e-6; 1e-4; 1e-2; 1e-1 ] do
                        let k = matern length 0.4
                        let a = 1.0 + noise
                        let det = a * a - k * k
                        // y = (-1, 1): y' K^-1 y = 2 (a + k) / det
                        let height2 = (2.0 * (a + k) / det) / 2.0
                        let likelihood = -log height2 - 0.5 * log det

                        let posterior x =
                            let k1, k2 = matern length (x - 0.2), matern length (x - 0.6)
                            let mean = 2.0 + (k1 * (-a - k) + k2 * (k + a)) / det
                            let explained = (a * k1 * k1 - 2.0 * k * k1 * k2 + a * k2 * k2) / det
                            mean, sqrt (height2 * max 1e-12 (1.0 - explained))

                        likelihood, posterior
            ]

            let found = gp.At [| for x in asked -> [| x |] |]

            let fits (posterior: float -> float * float) =
                Seq.zip asked found
                |> Seq.forall (fun (x, belief) ->
                    let mean, deviation = posterior x
                    abs (mean - belief.Mean) < 1e-6 && abs (deviation - belief.Deviation) < 1e-4)

            Expect.isTrue (candidates |> List.exists (snd >> fits)) "one of them"
            let best = candidates |> List.map fst |> List.max
            Expect.isTrue (candidates |> List.exists (fun (l, p) -> fits p && l > best - 0.3)) "and one of the likeliest"

        testCase "expected improvement: as by integrating"
        <| fun () ->
            let gp = GaussianProcess(1, CompileOptions(Threads = 1))
            gp.Fit(line, [| for x in line -> wave x[0] |])
            let best = line |> Array.map (fun x -> wave x[0]) |> Array.max

            for belief in gp.At [| for x in [ 0.03; 0.22; 0.28; 0.5; 1.4; 3.0 ] -> [| x |] |] do
                let density z =
                    exp (-z * z / 2.0) / sqrt (2.0 * Math.PI)

                let h = 1e-3

                let integral =
                    Seq.sum (
                        seq {
                            for i in -8000 .. 8000 ->
                                max 0.0 (belief.Mean + belief.Deviation * float i * h - best)
                                * density (float i * h)
                                * h
                        }
                    )

                Expect.isLessThan (abs (belief.Improvement - integral)) 1e-5 $"{belief}"

        testCase "a coordinate that does not matter gets a greater length: its changes are not believed"
        <| fun () ->
            let noise = RandomStream(4UL, "points")
            let points = [| for i in 0L .. 29L -> [| noise.Uniform(2L * i); noise.Uniform(2L * i + 1L) |] |]
            let gp = GaussianProcess(2, CompileOptions(Threads = 1))
            gp.Fit(points, [| for p in points -> wave p[0] |])
            let beliefs = gp.At [| for y in 0..10 -> [| 0.4; float y / 10.0 |] |]
            Expect.all beliefs (fun b -> abs (b.Mean - wave 0.4) < 0.1) "the same along it"

        testCase "the factor of a matrix, and its inverse"
        <| fun () ->
            let noise = RandomStream(9UL, "matrix")
            let b = Array2D.init 7 7 (fun i j -> noise.Normal(int64 (7 * i + j)))
            let a = Array2D.init 7 7 (fun i j -> Seq.sum [ for k in 0..6 -> b[i, k] * b[j, k] ])
            let l = nonNull (Cholesky.Factor a)
            let inverse = Cholesky.InverseOf l

            for i in 0..6 do
                for j in 0..6 do
                    Expect.isLessThan (abs (Seq.sum [ for k in 0..6 -> l[i, k] * l[j, k] ] - a[i, j])) 1e-12 "L L^T"

                    Expect.isLessThan
                        (abs (
                            Seq.sum [ for k in 0..6 -> l[i, k] * inverse[k, j] ]
                            - (if i = j then 1.0 else 0.0)
                        ))
                        1e-9
                        "L L^-1"

            Expect.isTrue (isNull (Cholesky.Factor(array2D [ [ 1.0; 2.0 ]; [ 2.0; 1.0 ] ]))) "not positive definite"

        testCase "refused: before it has learnt"
        <| fun () ->
            Expect.throwsC (fun () -> GaussianProcess(1).At [| [| 0.0 |] |] |> ignore) (fun ex ->
                Expect.stringStarts ex.Message "gaussian process: it must have learnt values before it is asked; got none." "the text")
    ]

let private validation =
    let set =
        Dataset("ten", shape [ 1 ], [| 0uy .. 9uy |], Array.replicate 10 0uy, [| "a" |].ToImmutableArray())

    testList "cross-validation" [
        testCase "each fold is judged once by what the others hold"
        <| fun () ->
            let seen = ResizeArray()

            let result =
                Search.CrossValidate(
                    set,
                    5,
                    Func<Fold<Dataset>, float>(fun fold ->
                        seen.Add(List.ofArray (fold.Validation.Images.ToArray()))
                        Expect.equal (fold.Train.Count + fold.Validation.Count) 10 "all"
                        float seen.Count)
                )

            Expect.equal (seen |> Seq.concat |> Seq.sort |> List.ofSeq) [ 0uy .. 9uy ] "each once"
            Expect.equal (List.ofSeq result.Scores) [ 1.0; 2.0; 3.0; 4.0; 5.0 ] "scores"
            Expect.equal (string result) "3 ± 1.581 (5 folds)" "mean and deviation"

        testCase "a trial hears of each fold, and may be given up before the last"
        <| fun () ->
            let third = {
                new StoppingRule() with
                    member _.Stops(_, reports) = reports.Count = 3
            }

            let result =
                Search.Random(
                    SearchSpace(rate),
                    1,
                    Func<_, _>(fun trial ->
                        let count = ref 0.0

                        Search
                            .CrossValidate(
                                set,
                                5,
                                Func<Fold<Dataset>, float>(fun _ ->
                                    count.Value <- count.Value + 1.0
                                    count.Value),
                                trial
                            )
                            .Mean),
                    SearchOptions(Stopping = third)
                )

            Expect.equal (List.ofSeq result.Trials[0].Reports) [ 1.0; 1.5; 2.0 ] "means"
            Expect.equal (result.Trials[0].Outcome, result.Trials[0].Score) (TrialOutcome.Stopped, 2.0) "outcome"
    ]

[<Tests>]
let tests =
    testList "search" [ spaces; searching; stopping; journals; processes; validation ]
