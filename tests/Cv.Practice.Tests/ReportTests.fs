/// The page of a run: what is written, and that nothing that is data can become markup.
module Cv.Tests.ReportTests

open System
open System.Collections.Immutable
open System.IO
open System.IO.Compression
open System.Net
open System.Text.Json
open System.Text.RegularExpressions
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Reporting
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private names = ImmutableArray.CreateRange<string>

/// Metrics of one name.
let private measured value =
    MetricValues [ MetricValue("accuracy", value, true) ]

let private step epoch (number: int) loss =
    StepTaken(epoch, int64 number, loss, measured 0.5, loss, measured 0.5, 1000.0, TimeSpan.FromSeconds 75.0)

let private ended epoch loss validation =
    EpochEnded(epoch, loss, measured 0.75, validation, 61234.5, TimeSpan.FromSeconds 1.0, TimeSpan.Zero)

/// A recorder that heard these events.
let private heard name (events: TrainingEvent list) =
    let run = RunRecorder(name, LearningRate = fun step -> 0.5 / float (1L + step))

    for event in events do
        run.Report event

    run

let private twoEpochs: TrainingEvent list = [
    TrainingStarted(2, 2, 10)
    step 1 1 2.5
    step 1 2 1.5
    ended 1 2.0 (Evaluation(1.75, measured 0.25, 10))
    step 2 3 Double.NaN
    step 2 4 0.5
    ended 2 0.75 (Evaluation(0.625, measured 0.8125, 10))
    TrainingStopped(StopReason.Completed, 2, 4L, TimeSpan.FromSeconds 3.25)
]

let private html library (run: RunRecorder) sections =
    Report.Html(library, run, Array.ofList sections)

/// A library that draws nothing: what a page needs of it is that it is there.
let private someLibrary = ChartLibrary("var uPlot;", ".uplot{}", "its licence")

let private markup =
    testList "markup" [
        testProperty "text is data: no bracket or quote of it is left, and it reads as it was"
        <| fun (text: string | null) ->
            let escaped = Markup.Text(text).ToString()

            escaped.IndexOfAny [| '<'; '>'; '"'; '\'' |] = -1
            && WebUtility.HtmlDecode escaped = string text

        testCase "an element holds its pieces, in their order; its name is letters and digits"
        <| fun () ->
            let element =
                Markup.Element("h1", Markup.Text "1 < 2 ", Markup.Element("b", Markup.Text "&"))

            Expect.equal (element.ToString()) "<h1>1 &lt; 2 <b>&amp;</b></h1>" "nested"
            Expect.throwsT<ArgumentException> (fun () -> Markup.Element("b onclick=x") |> ignore) "no attributes"
    ]

/// Reads what PNG.Write wrote, by other means: extents, channels, and the bytes of the rows, checking each chunk's remainder bit by bit.
let private readPng (png: byte[]) =
    let number (bytes: byte[]) at =
        Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(bytes, at, 4))

    let remainder (bytes: byte[]) =
        let mutable crc = UInt32.MaxValue

        for b in bytes do
            for bit in 0..7 do
                let high = (crc ^^^ (uint32 b >>> bit)) &&& 1u
                crc <- (crc >>> 1) ^^^ (high * 0xEDB88320u)

        ~~~crc

    let rec chunks at =
        if at = png.Length then
            []
        else
            let size = number png at
            let body = png[at + 4 .. at + 7 + size]
            Expect.equal (uint32 (number png (at + 8 + size))) (remainder body) "the chunk's remainder"
            (Text.Encoding.ASCII.GetString body[..3], body[4..]) :: chunks (at + 12 + size)

    Expect.equal png[..7] [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |] "the signature"

    match chunks 8 with
    | [ "IHDR", header; "IDAT", data; "IEND", [||] ] ->
        let width, height = number header 0, number header 4
        let channels = if header[9] = 2uy then 3 else 1
        use zlib = new ZLibStream(new MemoryStream(data), CompressionMode.Decompress)
        use plain = new MemoryStream()
        zlib.CopyTo plain
        let rows = plain.ToArray() |> Array.chunkBySize (1 + width * channels)
        Expect.all rows (fun row -> row[0] = 0uy) "no filter"
        height, width, channels, rows |> Array.collect (fun row -> row[1..])
    | other -> failtestf "expected three chunks, got %A" (List.map fst other)

let private pictures =
    testList "pictures" [
        testProperty "a PNG reads as it was written"
        <| fun (height: uint8) (width: uint8) (colour: bool) (seed: int) ->
            let height, width, channels =
                1 + int height % 9, 1 + int width % 9, (if colour then 3 else 1)

            let pixels = Array.zeroCreate (height * width * channels)
            Random(seed).NextBytes pixels
            Expect.equal (readPng (Png.Write(height, width, channels, pixels))) (height, width, channels, pixels) "the image"

        testCase "a PNG is refused that could not be read"
        <| fun () ->
            for height, width, channels, bytes in [ 2, 2, 2, 8; 2, 2, 1, 5; 0, 2, 1, 0; 2, -2, 1, 4 ] do
                Expect.throwsT<ArgumentException>
                    (fun () -> Png.Write(height, width, channels, Array.zeroCreate<byte> bytes) |> ignore)
                    $"{height} x {width} x {channels}, {bytes} bytes"

        testCase "numbers are stretched from black to white, and what is not a number is grey"
        <| fun () ->
            Expect.equal (Pictures.Stretch [| -1f; 0f; 1f; nanf; infinityf |]) [| 0uy; 128uy; 255uy; 127uy; 127uy |] "a ramp"
            Expect.equal (Pictures.Stretch [| 3f; 3f |]) [| 127uy; 127uy |] "all the same"
    ]

let private curves =
    testList "curves" [
        testProperty "however many steps: few points, the same mean, ascending, and the last step shows"
        <| fun (steps: uint16) ->
            let steps = 1 + int steps * 211 % 20_000
            let curve = Curve()

            for i in 1..steps do
                curve.Add(float i, float (i % 7))

            let points = curve.Copy().Points
            let xs = points |> Array.map (fun struct (x, _) -> x)
            Expect.isLessThanOrEqual points.Length 1024 "bounded"
            Expect.isGreaterThanOrEqual points.Length (min steps 512) "and not too few"
            Expect.equal xs (Array.sort xs) "ascending"
            Expect.isGreaterThan (Array.last xs) (float steps - 2.0 * float (steps / 512 + 1)) "the last"
            // each point but the last stands for as many steps
            let stride = int (2.0 * xs[0] - 1.0 + 0.5)

            Expect.floatClose
                Accuracy.high
                (points
                 |> Array.truncate (steps / stride)
                 |> Array.averageBy (fun struct (_, y) -> y))
                (seq { 1 .. steps / stride * stride } |> Seq.averageBy (fun i -> float (i % 7)))
                "the mean"

        testProperty "a sampled function is asked seldom, first at the first step, and each sample is exact"
        <| fun (steps: uint16) ->
            let steps = 1 + int steps * 211 % 20_000
            let curve = SampledCurve()
            let mutable asked = 0

            for i in 0 .. steps - 1 do
                curve.Add(
                    float i,
                    fun () ->
                        asked <- asked + 1
                        float (i * i)
                )

            let points = curve.Copy().Points
            Expect.all points (fun struct (x, y) -> y = x * x) "exact"

            let gaps =
                points
                |> Array.pairwise
                |> Array.map (fun (struct (a, _), struct (b, _)) -> b - a)

            Expect.isLessThanOrEqual (Array.distinct gaps).Length 1 "evenly spaced"
            Expect.equal (Array.head points) (struct (0.0, 0.0)) "the first step"
            Expect.isLessThan points.Length 512 "bounded"
            Expect.isGreaterThanOrEqual points.Length (min steps 255) "and not too few"
            Expect.isLessThanOrEqual asked 2048 "and seldom asked"

        testCase "series share ascending xs; what has no point, or no place on a logarithmic axis, is a gap"
        <| fun () ->
            let series name points =
                Series(name, [ for x, y in points -> struct (x, y) ])

            let chart =
                Chart("t", "x", series "a" [ 3.0, 30.0; 1.0, 10.0; 1.0, 11.0 ], series "b" [ 2.0, nan; 1.0, -5.0; 0.0, 7.0 ])

            let rows (chart: Chart) =
                let struct (xs, rows) = chart.Align()

                let list values =
                    values |> Seq.map Option.ofNullable |> List.ofSeq

                list xs, [ for row in rows -> list row ]

            Expect.equal
                (rows chart)
                ([ Some 0.0; Some 1.0; Some 1.0; Some 2.0; Some 3.0 ],
                 [ [ None; Some 10.0; Some 11.0; None; Some 30.0 ]; [ Some 7.0; Some -5.0; None; None; None ] ])
                "linear"

            let logarithmic =
                Chart("t", "x", Array.ofSeq chart.Series, LogX = true, LogY = true)

            Expect.equal
                (rows logarithmic)
                ([ Some 1.0; Some 1.0; Some 2.0; Some 3.0 ], [ [ Some 10.0; Some 11.0; None; Some 30.0 ]; [ None; None; None; None ] ])
                "logarithmic"
    ]

/// The data of each chart of a page, by its title.
let private chartsOf (page: string) = [
    for chart in Regex.Matches(page, """<figure class="chart" id="([^"]+)"><figcaption>([^<]*)</figcaption>.*?json">(.*?)</script>""") do
        chart.Groups[2].Value, JsonDocument.Parse(chart.Groups[3].Value).RootElement
]

let private numbers (data: JsonElement) = [
    for row in data.GetProperty("data").EnumerateArray() ->
        [
            for v in row.EnumerateArray() ->
                if v.ValueKind = JsonValueKind.Null then
                    nan
                else
                    v.GetDouble()
        ]
]

let private recorded =
    testList "runs" [
        testCase "curves are what was heard, over epochs"
        <| fun () ->
            let charts = chartsOf (html someLibrary (heard "run" twoEpochs) []) |> dict
            Expect.equal (List.ofSeq charts.Keys) [ "Loss"; "Accuracy"; "Learning rate"; "Images a second" ] "the charts"

            Expect.equal
                (sprintf "%A" (numbers charts["Loss"]))
                (sprintf "%A" [ [ 0.5; 1.0; 1.5; 2.0 ]; [ 2.5; 1.5; nan; 0.5 ]; [ nan; 2.0; nan; 0.75 ]; [ nan; 1.75; nan; 0.625 ] ])
                "mini-batches, training, validation"

            Expect.equal
                (numbers charts["Learning rate"])
                [ [ 0.5; 1.0; 1.5; 2.0 ]; [ 0.5; 0.25; 0.166667; 0.125 ] ]
                "the rate of step 0 and on"

        testCase "a second training continues the first, and its events reach the next listener"
        <| fun () ->
            let next = RunRecorder "next"
            let run = RunRecorder("both", next)

            for event in twoEpochs @ twoEpochs do
                run.Report event

            for run in [ run; next ] do
                let charts = chartsOf (html someLibrary run []) |> dict
                Expect.equal (numbers charts["Loss"]).Head [ 0.5; 1.0; 1.5; 2.0; 2.5; 3.0; 3.5; 4.0 ] "epochs"

        testCase "the head tells how the run stands"
        <| fun () ->
            let says events text =
                Expect.stringContains (html ChartLibrary.Missing (heard "run" events) []) text text

            says [] "<dd>not begun</dd>"
            says (List.truncate 1 twoEpochs) "<dd>compiling</dd>"
            says (List.truncate 2 twoEpochs) "<dd>training: epoch 1 of 2, step 1, 1:15 left</dd>"
            says twoEpochs "<dd>completed after 2 epochs, 4 steps, 3.25 s</dd>"
            says twoEpochs "<dt>validation</dt><dd>loss 0.625, accuracy 81.25 %</dd>"

        testCase "a fact that is noted again is replaced in its place"
        <| fun () ->
            let run = heard "run" []
            run.Note("seed", "1")
            run.Note("data", "mnist")
            run.Note("seed", "2")

            Expect.stringContains
                (html ChartLibrary.Missing run [])
                "<div><dt>seed</dt><dd>2</dd></div><div><dt>data</dt><dd>mnist</dd></div>"
                "the facts"
    ]

/// Four examples of three classes: three are classified rightly.
let private said =
    Predictions(
        ImmutableArray.Create(0, 1, 1, 2),
        ImmutableArray.Create(0, 1, 2, 2),
        ImmutableArray.Create(0.9, 0.6, 0.8, 0.7),
        names [ "cat"; "<dog>"; "owl" ]
    )

let private fourImages =
    Dataset("four", shape [ 2; 2; 1 ], Array.init 16 byte, [| 0uy; 1uy; 2uy; 2uy |], said.ClassNames)

let private body (section: Section) =
    Page(someLibrary, 1).Body(section).ToString()

let private cells (row: string) = [
    for cell in Regex.Matches(row, "<t[dh][^>]*>([^<]*)</t[dh]>") -> WebUtility.HtmlDecode cell.Groups[1].Value
]

let private rowsOf (html: string) = [ for row in Regex.Matches(html, "<tr>.*?</tr>") -> cells row.Value ]

let private sections =
    testList "sections" [
        testCase "the confusion matrix counts right and predicted classes"
        <| fun () ->
            Expect.equal
                (rowsOf (body (ConfusionMatrix said)))
                [
                    [ ""; "cat"; "<dog>"; "owl"; "right" ]
                    [ "cat"; "1"; ""; ""; "100.00 %" ]
                    [ "<dog>"; ""; "1"; ""; "100.00 %" ]
                    [ "owl"; ""; "1"; "1"; "50.00 %" ]
                ]
                "the matrix"

            Expect.stringContains (body (ConfusionMatrix said)) "75.00 % of 4 examples" "the accuracy"

        testCase "predictions are the largest score, and its softmax how sure it is"
        <| fun () ->
            let model = Model.Input(4).Dense(3)
            let predict = Compile.Function(Graph [| model.Output |])
            use state = ModelState.Initialise(model.Parameters, 1UL)
            let weights = state["dense1.w"].AsSpan<float32>()
            weights.Clear()
            // scores: 0, 0, and log 2 for an image whose last byte is 255
            weights[11] <- float32 (log 2.0)
            let bytes = Array.append (Array.zeroCreate 15) [| 255uy |]

            let images =
                Dataset("four", shape [ 2; 2; 1 ], bytes, [| 0uy; 1uy; 2uy; 2uy |], said.ClassNames)

            use batches = new Batches(images, 3, sampleShape = shape [ 4 ])
            let predictions = Predictions.Of(predict, state, batches)
            Expect.sequenceEqual predictions.Predicted [ 0; 0; 0; 2 ] "ties go to the first"
            Expect.sequenceEqual predictions.Labels [ 0; 1; 2; 2 ] "labels"
            Expect.floatClose Accuracy.medium predictions.Confidence[0] (1.0 / 3.0) "of three equal"
            Expect.floatClose Accuracy.medium predictions.Confidence[3] 0.5 "of 1, 1 and 2"
            Expect.equal predictions.Accuracy 0.5 "two of four"

        testCase "pictures: the surest mistakes first, then what was hardly right"
        <| fun () ->
            let html = body (PredictedPictures(said, fourImages))

            Expect.equal
                [ for image in Regex.Matches(html, "alt=\"image ([0-9]+), ([^\"]*)\"") -> image.Groups[1].Value, image.Groups[2].Value ]
                [ "2", "owl"; "1", "&lt;dog&gt;"; "3", "owl"; "0", "cat" ]
                "the order"

            let first =
                Regex.Match(html, "base64,([^\"]+)").Groups[1].Value
                |> Convert.FromBase64String
                |> readPng

            Expect.equal first (2, 2, 1, [| 8uy; 9uy; 10uy; 11uy |]) "the image itself"

            Expect.throwsT<ShapeException>
                (fun () -> body (PredictedPictures(said, fourImages.Take 3)) |> ignore)
                "a picture for each prediction"

        testCase "templates are the columns of the weights, filters their last axis"
        <| fun () ->
            let decode html = [
                for image in Regex.Matches(html, "base64,([^\"]+)") -> readPng (Convert.FromBase64String image.Groups[1].Value)
            ]

            let tensor dims (values: float32 list) =
                Tensor.From(shape dims, Array.ofList values)

            use state =
                new ModelState(
                    [
                        Collections.Generic.KeyValuePair("dense1.w", tensor [ 2; 2 ] [ 0f; 5f; 1f; 3f ])
                        Collections.Generic.KeyValuePair("conv1.w", tensor [ 1; 2; 1; 2 ] [ 0f; 10f; 5f; 2f ])
                        Collections.Generic.KeyValuePair("conv2.w", tensor [ 1; 1; 2; 2 ] [ 1f; 2f; 1f; 6f ])
                    ]
                )

            Expect.equal
                (decode (body (WeightTemplates(state, "dense1.w", shape [ 1; 2; 1 ], names [ "a"; "b" ]))))
                [ 1, 2, 1, [| 0uy; 255uy |]; 1, 2, 1, [| 255uy; 0uy |] ]
                "each template by its own scale"

            Expect.equal
                (decode (body (Filters(state, "conv1.w"))))
                [ 1, 2, 1, [| 0uy; 128uy |]; 1, 2, 1, [| 255uy; 51uy |] ]
                "all filters by one scale"

            Expect.equal
                (decode (body (Filters(state, "conv2.w"))))
                [ 1, 1, 1, [| 0uy |]; 1, 1, 1, [| 255uy |] ]
                "means over channels: 1 and 4"

            for section in [ Filters(state, "dense1.w") :> Section; WeightTemplates(state, "conv1.w", shape [ 2; 1; 1 ], names []) ] do
                Expect.throwsT<ShapeException> (fun () -> body section |> ignore) "not images"

        testProperty "a histogram counts each finite number once"
        <| fun (values: float list) ->
            let histogram = Spread.Of("h", ReadOnlySpan(Array.ofList values), 7)
            let finite = values |> List.filter Double.IsFinite
            Expect.equal (Seq.sum histogram.Counts) (int64 finite.Length) "all of them"

            if not values.IsEmpty then
                let fraction holds =
                    float (values |> List.filter holds |> List.length) / float values.Length

                Expect.floatClose Accuracy.high histogram.Zeros (fraction ((=) 0.0)) "zeros"
                Expect.floatClose Accuracy.high histogram.NotFinite (fraction (Double.IsFinite >> not)) "not finite"

        testCase "a histogram's bins, ends, mean and deviation"
        <| fun () ->
            let histogram = Spread.Of("h", ReadOnlySpan [| 0.0; 1.0; 2.0; 2.0; 4.0; nan |], 4)
            Expect.sequenceEqual histogram.Counts [ 1L; 1L; 2L; 1L ] "the largest belongs to the last bin"
            Expect.equal (histogram.Low, histogram.High, histogram.Mean) (0.0, 4.0, 1.8) "from, to, mean"
            Expect.floatClose Accuracy.high histogram.Deviation (sqrt 1.76) "deviation"

        testCase "layers: their activations and gradients side by side, and their figures"
        <| fun () ->
            let histogram = Cv.Practice.Histogram(-1.0, 1.0, ImmutableArray.Create(3L, 4L))

            let layer =
                Cv.Practice.LayerFigures("dense1", 8, 2, 0.25, 0.5, 1.5, 0.125, histogram, histogram)

            let html = body (LayerHistograms(fun () -> ImmutableArray.Create layer))
            let charts = chartsOf html
            Expect.equal (charts |> List.map fst) [ "dense1: activations"; "dense1: gradients" ] "the charts"
            Expect.equal (numbers (snd charts.Head)) [ [ -1.0; 0.0 ]; [ 3.0; 4.0 ] ] "the bars"
            Expect.equal (List.last (rowsOf html)) [ "dense1"; "2"; "8"; "25.00 %"; "0.5"; "1.5"; "0.125" ] "the figures"

        testCase "trials: a chart for each hyper-parameter and each pair, the best first, a wide range by powers of ten"
        <| fun () ->
            let trials = [ TrialPoint(0.4, 1e-4, 0.5); TrialPoint(0.9, 1e-2, 0.6); TrialPoint(nan, 1.0, 0.7) ]

            let html =
                body (HyperParameters(names [ "rate"; "keep" ], (fun () -> Seq.ofList trials), "accuracy"))

            let charts = chartsOf html
            Expect.equal (charts |> List.map fst) [ "accuracy"; "accuracy"; "keep" ] "the charts"

            Expect.equal
                [ for _, data in charts -> data.GetProperty("x").GetString(), data.GetProperty("logX").GetBoolean() ]
                [ "rate", true; "keep", false; "rate", true ]
                "the axes"

            let table = rowsOf (html.Substring(html.LastIndexOf "<table"))

            Expect.equal
                table
                [ [ "accuracy"; "rate"; "keep" ]; [ "0.9"; "0.01"; "0.6" ]; [ "0.4"; "1e-4"; "0.5" ]; [ "NaN"; "1"; "0.7" ] ]
                "the table"
    ]

let private searched =
    testList "searches" [
        testCase "a search is shown by its settings' names, words as words"
        <| fun () ->
            let space =
                Cv.Practice.SearchSpace(Cv.Practice.Setting.Choice("gate", "relu", "tanh"), Cv.Practice.Setting.Choice("rate", 0.125, 0.5))

            let score (trial: Cv.Practice.Trial) =
                trial["rate"] + (if trial.Choice "gate" = "tanh" then 1.0 else 0.0)

            let result = Cv.Practice.Search.Grid(space, 2, score)

            for section in [ HyperParameters(result, "score"); HyperParameters(space, (fun () -> seq result.Trials), "score") ] do
                let html = body section
                Expect.equal (chartsOf html |> List.map fst) [ "score"; "score"; "rate" ] "the charts"

                Expect.equal
                    (rowsOf (html.Substring(html.LastIndexOf "<table")))
                    [
                        [ "score"; "gate"; "rate" ]
                        [ "1.5"; "tanh"; "0.5" ]
                        [ "1.125"; "tanh"; "0.125" ]
                        [ "0.5"; "relu"; "0.5" ]
                        [ "0.125"; "relu"; "0.125" ]
                    ]
                    "the trials, the best first"
    ]

let private fsharp =
    testList "F#" [
        testCase "a run goes through a pipeline into a file"
        <| fun () ->
            let file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.html")
            let model = Model.Input(2, 2, 1).Flatten().Dense(3)

            let program =
                Training.Compile(model, (fun scores labels -> scores.SoftmaxCrossEntropy labels), Optimiser.Momentum 0.1)

            use state = program.Initialise 1UL
            use batches = new Batches(fourImages, 2)
            let run = recordRunWith (cosine 0.1 4L) "pipeline" |> note "seed" "1"

            let trainer = Trainer(program.Step, program.Evaluate, TrainingOptions(Epochs = 2))

            let sections = [
                confusionMatrix program.Predict state batches
                predictedPictures program.Predict state batches fourImages
                weightTemplates state "dense1.w" fourImages.SampleShape fourImages.ClassNames
                weightHistograms state
            ]

            use page = LivePage.Serve(run, 0, List.toArray sections)
            Expect.equal page.Address.Host "127.0.0.1" "served"
            trainer.Train(state, batches, progress = run) |> ignore

            try
                run |> writeReport file sections
                let html = File.ReadAllText file

                for heading in [ "Confusion matrix"; "Right and wrong"; "Weight templates"; "Weights" ] do
                    Expect.stringContains html $"<h2>{heading}</h2>" heading

                Expect.contains (rowsOf html) [ "epoch"; "learning rate" ] "the rate's table"
                Expect.contains (rowsOf html) [ "1.5"; "0.05" ] "half of the way"
            finally
                File.Delete file
    ]

let private evil = "</script><script>alert('\"&')</script>"

/// A page in which everything that can be named bears a name that would like to be a script.
let private hostile library =
    let run = heard evil twoEpochs
    run.Note(evil, evil)

    let said =
        Predictions(said.Predicted, said.Labels, said.Confidence, names [ evil; evil + "2"; evil + "3" ])

    html library run [
        ConfusionMatrix said
        PredictedPictures(said, fourImages)
        Histograms(evil, fun () -> [ struct (evil, [| 1.0; 2.0 |]) ])
        HyperParameters(names [ evil; "b" ], (fun () -> seq { TrialPoint(1.0, 1.0, 2.0) }), evil)
        FactTable(evil, names [ evil ], fun () -> [ [ box evil ] ])
    ]

let private pages =
    testList "pages" [
        testCase "nothing that is data becomes a script"
        <| fun () ->
            for library in [ someLibrary; ChartLibrary.Missing; ChartLibrary.Embedded ] do
                let page = hostile library
                Expect.isFalse (page.Contains("<script>alert", StringComparison.Ordinal)) "escaped"
                let scripts = Regex.Matches(page, "<script>").Count
                Expect.equal scripts (if library.IsThere then 2 else 1) "the page's own scripts, and the library's"

        testCase "a page fetches nothing: no address but data, and a policy that allows no other"
        <| fun () ->
            let page = hostile ChartLibrary.Embedded

            for address in Regex.Matches(page, "(src|href)=\"([^\"]*)\"") do
                Expect.stringStarts address.Groups[2].Value "data:" "an address"

            Expect.stringContains page "default-src &#39;none&#39;" "the policy"
            Expect.isFalse (page.Contains("@import", StringComparison.Ordinal)) "no style from elsewhere"

        testCase "without the plotting library a page says so, shows its tables, and holds the same numbers"
        <| fun () ->
            let run = heard "run" twoEpochs
            let page = html ChartLibrary.Missing run []
            Expect.stringContains page "Charts are missing" "what is missing"
            Expect.stringContains page "Install npm" "what to do"
            Expect.isFalse (page.Contains("class=\"plot\"", StringComparison.Ordinal)) "no empty frames"
            Expect.equal (Regex.Matches(page, "<details open>").Count) 4 "every table is open"
            Expect.contains (rowsOf page) [ "1"; "1.5"; "2"; "1.75" ] "the first epoch"
            let drawn = html someLibrary run []
            Expect.equal (rowsOf drawn) (rowsOf page) "the same tables"
            Expect.isFalse (drawn.Contains("Charts are missing", StringComparison.Ordinal)) "nothing is missing"
            Expect.stringContains drawn "its licence" "the library's licence stands in the page"

        testCase "a report is written whole, over an older one"
        <| fun () ->
            let file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.html")

            try
                File.WriteAllText(file, "older")
                Report.Write(file, heard "run" twoEpochs, ConfusionMatrix said)
                let page = File.ReadAllText file
                Expect.stringStarts page "<!doctype html>" "from the beginning"
                Expect.stringEnds (page.TrimEnd()) "</html>" "to the end"
                Expect.isFalse (File.Exists(file + ".part")) "no piece is left"
            finally
                File.Delete file
    ]

[<Tests>]
let tests =
    testList "Reports" [ markup; pictures; curves; recorded; sections; searched; fsharp; pages ]
