/// Pages as a browser shows them: headless Chromium, spoken to by its DevTools protocol.
module Cv.Tests.BrowserTests

open System
open System.Collections.Generic
open System.Collections.Immutable
open System.Diagnostics
open System.IO
open System.Net.Http
open System.Net.WebSockets
open System.Text
open System.Text.Json
open System.Threading
open Cv.Dsl
open Cv.Reporting
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

/// Where this says "required", a machine without Chromium, or a build without charts, fails these tests; elsewhere they are skipped, and say why.
let private variable = "CVDSL_BROWSER"

let private lacking (what: string) =
    if Environment.GetEnvironmentVariable variable = "required" then
        failtest $"{what}, and {variable} says that a browser is required"
    else
        skiptest $"{what}; {variable}=required makes this a failure"

let private programs = [ "chromium"; "chromium-browser"; "google-chrome" ]

let private find () =
    let path =
        Environment.GetEnvironmentVariable "PATH"
        |> Option.ofObj
        |> Option.defaultValue ""

    let folders = path.Split Path.PathSeparator |> List.ofArray

    List.allPairs folders programs
    |> List.map Path.Combine
    |> List.tryFind File.Exists

/// A browser with one page, its profile in a folder of its own; both are gone when it is disposed.
type private Browser(program: string) =
    let profile = Directory.CreateTempSubdirectory("cvdsl-browser-").FullName

    let flags = [
        "--headless"
        "--no-sandbox"
        "--disable-gpu"
        "--disable-quic"
        "--disable-dev-shm-usage"
        "--no-first-run"
        "--disable-background-networking"
        "--disable-component-update"
        "--disable-sync"
        "--remote-debugging-port=0"
        "--window-size=1100,900"
        $"--user-data-dir={profile}"
        "about:blank"
    ]

    let patience = new CancellationTokenSource(TimeSpan.FromSeconds 90.0)

    let running =
        let start =
            ProcessStartInfo(program, flags, RedirectStandardError = true, RedirectStandardOutput = true)

        let running = Process.Start start |> Option.ofObj |> Option.get
        running.OutputDataReceived.Add ignore
        running.ErrorDataReceived.Add ignore
        running.BeginOutputReadLine()
        running.BeginErrorReadLine()
        running

    let port =
        let file = Path.Combine(profile, "DevToolsActivePort")
        let mutable lines: string[] = [||]

        while lines.Length < 2 do
            if running.HasExited then
                failtest $"{program} ended with exit code {running.ExitCode}"

            patience.Token.ThrowIfCancellationRequested()
            Thread.Sleep 50

            if File.Exists file then
                lines <- File.ReadAllLines file

        int lines[0]

    let socket = new ClientWebSocket()

    do
        use http = new HttpClient()

        let targets =
            JsonDocument.Parse(http.GetStringAsync($"http://127.0.0.1:{port}/json/list").Result).RootElement

        let page =
            targets.EnumerateArray()
            |> Seq.find (fun t -> t.GetProperty("type").GetString() = "page")

        socket.ConnectAsync(Uri(page.GetProperty("webSocketDebuggerUrl").GetString() |> string), patience.Token).Wait()

    let mutable last = 0
    let events = List<string * JsonElement>()

    let receive () =
        let buffer = Array.zeroCreate<byte> 65536
        use message = new MemoryStream()
        let mutable more = true

        while more do
            let part = socket.ReceiveAsync(ArraySegment buffer, patience.Token).Result
            message.Write(buffer, 0, part.Count)
            more <- not part.EndOfMessage

        JsonDocument.Parse(message.ToArray()).RootElement

    /// Calls a method of the protocol; what happens meanwhile is kept.
    member _.Call(method: string, parameters: obj) =
        last <- last + 1

        let text =
            JsonSerializer.Serialize {| id = last; method = method; ``params`` = parameters |}

        socket.SendAsync(ArraySegment(Encoding.UTF8.GetBytes text), WebSocketMessageType.Text, true, patience.Token).Wait()
        let mutable answer = None

        while answer.IsNone do
            let message = receive ()

            match message.TryGetProperty "id" with
            | true, id when id.GetInt32() = last -> answer <- Some message
            | true, _ -> ()
            | _ -> events.Add(message.GetProperty("method").GetString() |> string, message.GetProperty "params")

        match answer.Value.TryGetProperty "error" with
        | true, error -> failtest $"{method}: {error}"
        | _ -> answer.Value.GetProperty "result"

    /// The value of an expression in the page.
    member this.Evaluate(expression: string) =
        let result =
            this.Call("Runtime.evaluate", {| expression = expression; returnByValue = true; awaitPromise = true |})

        match result.TryGetProperty "exceptionDetails" with
        | true, details -> failtest $"{expression}\n{details}"
        | _ ->
            match result.GetProperty("result").TryGetProperty "value" with
            | true, value -> value
            | _ -> Unchecked.defaultof<JsonElement>

    /// Waits until an expression is true.
    member this.Until(expression: string) =
        while not (this.Evaluate($"Boolean({expression})").GetBoolean()) do
            patience.Token.ThrowIfCancellationRequested()
            Thread.Sleep 50

    /// Opens a page and waits until it has loaded.
    member this.Open(address: string) =
        for domain in [ "Page"; "Runtime"; "Network"; "Log" ] do
            this.Call(domain + ".enable", {| |}) |> ignore

        this.Call("Page.navigate", {| url = address |}) |> ignore
        this.Until $"location.href.startsWith({JsonSerializer.Serialize address}) && document.readyState === 'complete'"

    /// What happened so far under this name.
    member _.Events name = [
        for event, data in events do
            if event = name then
                data
    ]

    /// Makes the window another size.
    member this.Resize(width: int) =
        this.Call("Emulation.setDeviceMetricsOverride", {| width = width; height = 800; deviceScaleFactor = 1; mobile = false |})
        |> ignore

    /// Asks for light or dark.
    member this.Prefer(scheme: string) =
        this.Call("Emulation.setEmulatedMedia", {| features = [ {| name = "prefers-color-scheme"; value = scheme |} ] |})
        |> ignore

    interface IDisposable with
        member _.Dispose() =
            socket.Dispose()

            if not running.HasExited then
                running.Kill true

            running.WaitForExit()
            running.Dispose()
            patience.Dispose()

            try
                Directory.Delete(profile, true)
            with :? IOException ->
                () // a helper of the browser may still hold a file

let private browse run =
    match find () with
    | None ->
        let names = String.Join(", ", programs)
        lacking $"no browser was found ({names})"
    | Some _ when not ChartLibrary.Embedded.IsThere -> lacking "the build embedded no charts, for npm was missing"
    | Some program ->
        use browser = new Browser(program)
        run browser

/// Metrics of one name.
let private measured value =
    MetricValues [ MetricValue("accuracy", value, true) ]

/// A training that was heard, and a section of each kind.
let private run () =
    let run =
        RunRecorder("A run <b>in</b> a browser", LearningRate = fun step -> 0.1 / float (1L + step))

    run.Note("<script>hacked = 1</script>", "<img src=x onerror='hacked = 1'>")
    run.Report(TrainingStarted(5, 20, 100))

    for number in 1..100 do
        run.Report(StepTaken((number + 19) / 20, int64 number, 2.0 / float number, measured 0.5, 1.0, measured 0.5, 1000.0, TimeSpan.Zero))

        if number % 20 = 0 then
            let validation = Evaluation(3.0 / float number, measured 0.75, 100)
            run.Report(EpochEnded(number / 20, 2.5 / float number, measured 0.5, validation, 1e5, TimeSpan.FromSeconds 1.0, TimeSpan.Zero))

    run

let private sections () : Section[] =
    let classes = 10

    let said =
        Predictions(
            ImmutableArray.CreateRange [ for i in 0..99 -> i % 7 ],
            ImmutableArray.CreateRange [ for i in 0..99 -> i % classes ],
            ImmutableArray.CreateRange [ for i in 0..99 -> float i / 100.0 ],
            ImmutableArray.CreateRange [ for c in 0 .. classes - 1 -> $"a long class name {c}" ]
        )

    let pixels = Array.init (100 * 8 * 8 * 3) (fun i -> byte (i * 7))

    let images =
        Dataset("images", shape [ 8; 8; 3 ], pixels, Array.init 100 (fun i -> byte (i % classes)), said.ClassNames)

    let noise = RandomStream(1UL, "noise")

    [|
        ConfusionMatrix said
        PredictedPictures(said, images)
        Histograms("Layers", fun () -> [ for l in 1..3 -> struct ($"layer {l}", Array.init 500 (fun i -> noise.Normal(int64 (i * l)))) ])
        HyperParameters(
            ImmutableArray.Create("rate", "penalty"),
            (fun () -> seq { for i in 1..20 -> TrialPoint(float (i % 9), 10.0 ** float (-i % 6), float i) }),
            "accuracy"
        )
    |]

let private charts = "[...document.querySelectorAll('figure.chart')]"

/// How many pixels of each chart's canvas are drawn, and how many of them in the colour of its last series.
let private pixels =
    $$"""
    {{charts}}.map(figure => {
      const canvas = figure.querySelector('canvas');
      const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      const count = JSON.parse(figure.querySelector('script').textContent).series.length;
      const ink = getComputedStyle(document.documentElement).getPropertyValue('--series-' + count).trim();
      const [r, g, b] = [1, 3, 5].map(i => parseInt(ink.slice(i, i + 2), 16));
      let drawn = 0, last = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > 0) drawn++;
        if (data[i + 3] > 60 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24) last++;
      }
      return [figure.querySelector('figcaption').textContent, drawn, last];
    })
    """

/// Every chart has its grid, and its last series in that series' colour.
let private areDrawn (browser: Browser) =
    let found = [
        for chart in browser.Evaluate(pixels).EnumerateArray() -> chart[0].GetString() |> string, chart[1].GetInt32(), chart[2].GetInt32()
    ]

    Expect.all found (fun (_, drawn, _) -> drawn > 500) "axes and grid"
    Expect.all found (fun (_, _, last) -> last > 20) "the last series"
    found |> List.map (fun (title, _, _) -> title)

let private inFile (html: string) (look: string -> unit) =
    let file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.html")

    try
        File.WriteAllText(file, html)
        look $"file://{file}"
    finally
        File.Delete file

let private isSound (browser: Browser) =
    Expect.isEmpty (browser.Events "Runtime.exceptionThrown") "no script failed"

    Expect.isEmpty
        (browser.Events "Log.entryAdded"
         |> List.filter (fun e -> e.GetProperty("entry").GetProperty("level").GetString() = "error"))
        "nothing was refused"

    Expect.equal (browser.Evaluate("typeof hacked").GetString()) "undefined" "no data became a script"

let private tested =
    testList "in a browser" [
        testCase "a report is drawn: every chart in the colours of its series, every picture, from one file"
        <| fun () ->
            browse (fun browser ->
                inFile (Report.Html(ChartLibrary.Embedded, run (), sections ())) (fun address ->
                    browser.Open address
                    browser.Until $"{charts}.every(f => f.dataset.drawn)"

                    Expect.equal
                        (areDrawn browser)
                        [
                            "Loss"
                            "Accuracy"
                            "Learning rate"
                            "Images a second"
                            "layer 1"
                            "layer 2"
                            "layer 3"
                            "accuracy"
                            "accuracy"
                            "penalty"
                        ]
                        "the charts"

                    Expect.equal
                        (browser.Evaluate("[...document.images].filter(i => i.naturalWidth === 8).length").GetInt32())
                        (browser.Evaluate("document.images.length").GetInt32())
                        "each picture is an image of 8 x 8"

                    Expect.equal (browser.Evaluate("document.images.length").GetInt32()) 38 "24 wrong ones and all 14 right ones"

                    for request in browser.Events "Network.requestWillBeSent" do
                        let url = request.GetProperty("request").GetProperty("url").GetString() |> string

                        Expect.isTrue
                            (url = address || url.StartsWith("data:", StringComparison.Ordinal))
                            $"nothing else is fetched: {url}"

                    isSound browser))

        testCase "on a telephone nothing is wider than the window, and in the dark it is dark"
        <| fun () ->
            browse (fun browser ->
                inFile (Report.Html(ChartLibrary.Embedded, run (), sections ())) (fun address ->
                    browser.Resize 360
                    browser.Open address
                    browser.Until $"{charts}.every(f => f.dataset.drawn)"

                    Expect.isLessThanOrEqual
                        (browser.Evaluate("document.documentElement.scrollWidth").GetInt32())
                        360
                        "no scrolling sideways"

                    let paper () =
                        browser.Evaluate("getComputedStyle(document.documentElement).backgroundColor").GetString()

                    Expect.equal (paper ()) "rgb(255, 255, 248)" "light"
                    browser.Prefer "dark"
                    browser.Until "getComputedStyle(document.documentElement).backgroundColor === 'rgb(22, 22, 20)'"
                    areDrawn browser |> ignore
                    browser.Resize 800
                    browser.Until $"{charts}.every(f => f.querySelector('canvas').clientWidth <= f.clientWidth)"
                    browser.Until $"{charts}[0].querySelector('.uplot').clientWidth > 340"
                    isSound browser))

        testCase "without the library the tables are open, and the page says what is missing"
        <| fun () ->
            browse (fun browser ->
                inFile (Report.Html(ChartLibrary.Missing, run (), sections ())) (fun address ->
                    browser.Open address
                    Expect.equal (browser.Evaluate("document.querySelectorAll('canvas').length").GetInt32()) 0 "no canvas"

                    Expect.isTrue
                        (browser
                            .Evaluate($"{charts}.every(f => f.querySelector('table').getBoundingClientRect().height > 20)")
                            .GetBoolean())
                        "tables are seen"

                    Expect.stringStarts
                        (browser.Evaluate("document.querySelector('.notice').innerText").GetString()
                         |> string)
                        "Charts are missing"
                        "the notice"

                    isSound browser))

        testCase "a live page moves as steps are taken, keeps what was opened, and tells the end"
        <| fun () ->
            browse (fun browser ->
                let run = RunRecorder "live"
                let page = LivePage.Serve(run, 0, sections ())
                browser.Open(string page.Address)
                browser.Until "document.getElementById('connection').textContent === 'live'"
                Expect.equal (browser.Evaluate($"{charts}.length").GetInt32()) 0 "nothing to draw yet"
                run.Report(TrainingStarted(1, 100, 1000))

                let take number =
                    run.Report(StepTaken(1, int64 number, 1.0 / float number, measured 0.5, 1.0, measured 0.5, 1000.0, TimeSpan.Zero))

                take 1
                take 2
                browser.Until $"{charts}.length === 2 && {charts}.every(f => f.dataset.drawn)"
                let picture = $"{charts}[0].querySelector('canvas').toDataURL()"
                let before = browser.Evaluate(picture).GetString()
                browser.Evaluate($"{charts}[0].querySelector('details').open = true") |> ignore
                browser.Evaluate("window.canvas = document.querySelector('canvas')") |> ignore

                for number in 3..40 do
                    take number

                browser.Until $"document.body.innerText.includes('step 40') && {picture} !== {JsonSerializer.Serialize before}"
                Expect.isTrue (browser.Evaluate("document.querySelector('canvas') === window.canvas").GetBoolean()) "the same chart, moved"
                Expect.isTrue (browser.Evaluate($"{charts}[0].querySelector('details').open").GetBoolean()) "still open"
                run.Report(EpochEnded(1, 0.5, measured 0.75, null, 1000.0, TimeSpan.FromSeconds 1.0, TimeSpan.Zero))
                browser.Until "document.querySelectorAll('.matrix td').length > 0 && document.images.length === 38"
                page.Dispose()
                browser.Until "document.getElementById('connection').textContent.includes('ended')"
                isSound browser)
    ]

[<Tests>]
let tests = testSequenced tested
