/// The page of a run while it trains: what the server on this machine answers, whom it answers, and how little it keeps.
module Cv.Tests.LivePageTests

open System
open System.Buffers
open System.Collections.Generic
open System.IO
open System.Net
open System.Net.Sockets
open System.Text
open System.Text.Json
open System.Threading
open System.Threading.Tasks
open Cv.Reporting
open Cv.Runtime
open Expecto

/// Metrics of one name.
let private measured value =
    MetricValues [ MetricValue("accuracy", value, true) ]

let private step number =
    StepTaken(1, int64 number, 1.0 / float number, measured 0.5, 1.0, measured 0.5, 1000.0, TimeSpan.FromSeconds 75.0)

let private endedAt epoch =
    EpochEnded(
        epoch,
        1.0 / float epoch,
        measured 0.75,
        Evaluation(2.0 / float epoch, measured 0.5, 10),
        1000.0,
        TimeSpan.FromSeconds 1.0,
        TimeSpan.Zero
    )

let private ended = endedAt 1

/// A section that counts how often it was rendered, or fails.
type private Counting(fails: bool) =
    inherit Section()
    let mutable rendered = 0
    member _.Rendered = rendered
    override _.Title = "Counting"

    override _.Render _ =
        rendered <- rendered + 1

        if fails then
            failwith "<cannot>"

        Markup.Text $"rendered {rendered}"

let private host (page: LivePage) = $"127.0.0.1:{page.Address.Port}"

let private connect (page: LivePage) =
    let client = new TcpClient()
    client.Connect(IPAddress.Loopback, page.Address.Port)
    client.ReceiveTimeout <- 30_000
    client

/// Sends bytes, and reads all that comes back.
let private exchange (page: LivePage) (request: string) =
    use client = connect page
    let stream = client.GetStream()
    stream.Write(Encoding.Latin1.GetBytes request)
    use reader = new StreamReader(stream)
    reader.ReadToEnd()

let private ask (page: LivePage) method path more =
    exchange page $"{method} {path} HTTP/1.1\r\nHost: {host page}\r\nConnection: close\r\n{more}\r\n"

let private get page path = ask page "GET" path ""

let private status (answer: string) = answer.Split("\r\n")[0]

/// The lines of the head, and the body.
let private headAndBody (answer: string) =
    let cut = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)
    List.ofArray (answer.Substring(0, cut).Split "\r\n"), answer.Substring(cut + 4)

/// Server-sent events as they come.
type private Listener(page: LivePage) =
    let client = connect page

    let reader =
        let stream = client.GetStream()
        stream.Write(Encoding.ASCII.GetBytes $"GET /events HTTP/1.1\r\nHost: {host page}\r\n\r\n")
        new StreamReader(stream)

    /// The next line; null when the connection is closed.
    member _.Line() = reader.ReadLine()

    /// The next event's name and data.
    member this.Next() =
        let mutable line = this.Line()

        while not (isNull line)
              && not ((nonNull line).StartsWith("event: ", StringComparison.Ordinal)) do
            line <- this.Line()

        match line with
        | null -> "closed", Unchecked.defaultof<JsonElement>
        | line -> line.Substring 7, JsonDocument.Parse((this.Line() |> nonNull).Substring 6).RootElement

    /// The next event of this name.
    member this.Named(name: string) =
        let mutable found, data = this.Next()

        while found <> name do
            if found = "closed" then
                failtest $"closed before {name}"

            let next = this.Next()
            found <- fst next
            data <- snd next

        data

    /// The next content of the run's facts, or of a section, that holds a text.
    member this.Until(part: int, text: string) =
        let mutable found = false

        while not found do
            let name, data = this.Next()

            found <-
                match name with
                | "part" when data.GetProperty("part").GetInt32() = part ->
                    (data.GetProperty("html").GetString() |> string).Contains(text, StringComparison.Ordinal)
                | "facts" when part = 0 -> (data.GetProperty("html").GetString() |> string).Contains(text, StringComparison.Ordinal)
                | "closed" -> failtest $"closed before {text}"
                | _ -> false

    interface IDisposable with
        member _.Dispose() =
            reader.Dispose()
            client.Dispose()

/// Waits until something is so, which happens on another thread.
let private until (what: string) (isSo: unit -> bool) =
    if not (SpinWait.SpinUntil(isSo, TimeSpan.FromSeconds 30.0)) then
        failtest what

let private answers =
    testList "answers" [
        testCase "the page, live, and nothing else"
        <| fun () ->
            use page = LivePage.Serve(RunRecorder "a <run>", 0)
            let head, body = headAndBody (get page "/?query")
            Expect.equal head.Head "HTTP/1.1 200 OK" "status"
            Expect.contains head "Content-Type: text/html; charset=utf-8" "type"

            for header in [ "Cache-Control: no-store"; "X-Content-Type-Options: nosniff"; "X-Frame-Options: DENY" ] do
                Expect.contains head header "security"

            Expect.contains head $"Content-Length: {Encoding.UTF8.GetByteCount body}" "length"
            Expect.stringContains body "<h1>a &lt;run&gt;</h1>" "heading"
            Expect.stringContains body "<html lang=\"en\" data-live>" "live"
            Expect.stringContains body "connect-src &#39;self&#39;" "it may listen to its own server alone"

            for path in [ "/etc/passwd"; "/../../etc/passwd"; "//"; "/index.html"; "/events/" ] do
                Expect.equal (status (get page path)) "HTTP/1.1 404 Not Found" path

        testCase "HEAD: what GET would say, without a body"
        <| fun () ->
            use page = LivePage.Serve(RunRecorder "run", 0)

            for path in [ "/"; "/nothing" ] do
                let get, _ = headAndBody (get page path)
                let head, body = headAndBody (ask page "HEAD" path "")

                let plain (lines: string list) =
                    lines |> List.filter (fun line -> not (line.StartsWith "Date:")) |> List.sort

                Expect.equal (plain head) (plain get) $"the head of {path}"
                Expect.equal body "" $"no body of {path}"

            let head, body = headAndBody (ask page "HEAD" "/events" "")
            Expect.contains head "Content-Type: text/event-stream; charset=utf-8" "the stream's"
            Expect.equal body "" "no event"

        testCase "only to this machine, by its address or its name, and to its own origin"
        <| fun () ->
            use page = LivePage.Serve(RunRecorder "run", 0)
            Expect.equal page.Address.Host "127.0.0.1" "the address"
            let port = page.Address.Port

            for host, more, expected in
                [
                    $"127.0.0.1:{port}", "", "200 OK"
                    $"localhost:{port}", "", "200 OK"
                    $"localhost:{port}", $"Origin: http://localhost:{port}\r\n", "200 OK"
                    $"127.0.0.1:{port}", $"Origin: http://evil.example:{port}\r\n", "403 Forbidden"
                    $"127.0.0.1:{port}", "Origin: null\r\n", "403 Forbidden"
                    $"127.0.0.1:{port}", $"Origin: http://127.0.0.1:{port}\r\nOrigin: http://evil.example\r\n", "403 Forbidden"
                    $"evil.example:{port}", "", "403 Forbidden"
                    $"127.0.0.1.evil.example:{port}", "", "403 Forbidden"
                    "127.0.0.1", "", "403 Forbidden"
                    "127.0.0.1:1", "", "403 Forbidden"
                    "", "", "403 Forbidden"
                ] do
                for path in [ "/"; "/events"; "/other" ] do
                    if expected = "403 Forbidden" || path = "/" then
                        Expect.equal
                            (status (exchange page $"GET {path} HTTP/1.1\r\nhost: {host}\r\nConnection: close\r\n{more}\r\n"))
                            $"HTTP/1.1 {expected}"
                            $"{path} of {host} {more}"

            for address in Dns.GetHostAddresses(Dns.GetHostName()) do
                if not (IPAddress.IsLoopback address) then
                    use client = new TcpClient(address.AddressFamily)
                    Expect.throwsT<SocketException> (fun () -> client.Connect(address, port)) $"not at {address}"

        testCase "bad requests are refused as RFC 9110 and 9112 say, and the next is answered"
        <| fun () ->
            use page = LivePage.Serve(RunRecorder "run", 0)
            let own = $"Host: {host page}\r\n"

            for request, expected in
                [
                    "nonsense\r\n\r\n", "400 Bad Request"
                    $"GET  / HTTP/1.1\r\n{own}\r\n", "400 Bad Request"
                    "GET / HTTP/1.1\r\n\r\n", "400 Bad Request"
                    $"GET / HTTP/1.1\r\n{own}{own}\r\n", "400 Bad Request"
                    $"GET / HTTP/1.1\r\n{own}Host: evil.example\r\n\r\n", "400 Bad Request"
                    $"GET http://elsewhere/ HTTP/1.1\r\n{own}\r\n", "400 Bad Request"
                    $"GET / HTTP/1.1\r\n{own}no colon\r\n\r\n", "400 Bad Request"
                    $"GET / HTTP/1.1\r\n{own}Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "400 Bad Request"
                    $"GET / HTTP/1.1\r\n{own}Content-Length: -1\r\n\r\n", "400 Bad Request"
                    $"GET / HTTP/9\r\n{own}\r\n", "400 Bad Request"
                    $"GET / HTTP/2.0\r\n{own}\r\n", "505 HTTP Version Not Supported"
                    "\u0000\u0001\u0002\r\n\r\n", "400 Bad Request"
                    "GET /" + String('x', 4 * 1024) + $" HTTP/1.1\r\n{own}\r\n", "414 URI Too Long"
                    $"GET / HTTP/1.1\r\n{own}x: " + String('x', 16 * 1024) + "\r\n\r\n", "431 Request Header Fields Too Large"
                    $"GET / HTTP/1.1\r\n{own}" + String.replicate 70 "x: y\r\n" + "\r\n", "431 Request Header Fields Too Large"
                ] do
                Expect.equal (status (exchange page request)) $"HTTP/1.1 {expected}" (request.Substring(0, min 60 request.Length))

            for method in [ "POST"; "PUT"; "DELETE"; "OPTIONS"; "TRACE"; "PATCH"; "get" ] do
                let head, _ = headAndBody (ask page method "/" "")
                Expect.equal head.Head "HTTP/1.1 405 Method Not Allowed" method
                Expect.contains head "Allow: GET, HEAD" "what is allowed"

            // one that says nothing and goes
            using (new TcpClient()) (fun silent -> silent.Connect(IPAddress.Loopback, page.Address.Port))
            Expect.equal (status (get page "/")) "HTTP/1.1 200 OK" "still there"

        testProperty "whatever bytes come, the next request is answered"
        <| fun (bytes: byte[]) (keeps: bool) ->
            use page = LivePage.Serve(RunRecorder "run", 0)
            use client = connect page

            let sent =
                if keeps then
                    Array.append (Encoding.ASCII.GetBytes $"GET / HTTP/1.1\r\nHost: {host page}\r\n") bytes
                else
                    bytes

            client.GetStream().Write sent
            client.Client.Shutdown SocketShutdown.Send
            Expect.equal (status (get page "/")) "HTTP/1.1 200 OK" "the page"

        testCase "a port that is taken is told"
        <| fun () ->
            use page = LivePage.Serve(RunRecorder "run", 0)

            Expect.throwsC (fun () -> LivePage.Serve(RunRecorder "other", page.Address.Port).Dispose()) (fun ex ->
                Expect.isTrue (ex :? LivePageException) "its type"
                Expect.stringStarts ex.Message $"live page: port {page.Address.Port} of 127.0.0.1 must be free" "its text")

            for port in [ -1; 65536 ] do
                Expect.throwsT<ArgumentOutOfRangeException> (fun () -> LivePage.Serve(RunRecorder "other", port).Dispose()) $"{port}"

        testCase "when it is over, nobody answers, and disposing again does nothing"
        <| fun () ->
            let page = LivePage.Serve(RunRecorder "run", 0)
            page.Dispose()
            page.Dispose()
            Expect.throwsT<SocketException> (fun () -> get page "/" |> ignore) "closed"
            // the port is free again
            LivePage.Serve(RunRecorder "run", page.Address.Port).Dispose()
    ]

let private live =
    testList "live" [
        testCase "what is recorded is sent: the run as steps are taken, sections when an epoch has ended, the end"
        <| fun () ->
            let run = RunRecorder "run"
            let section = Counting false
            let page = LivePage.Serve(run, 0, section)
            use listener = new Listener(page)
            listener.Until(0, "not begun")
            run.Report(TrainingStarted(1, 4, 10))
            run.Report(step 1)
            run.Report(step 2)
            listener.Until(0, "step 2")
            Expect.equal section.Rendered 0 "no epoch has ended"
            run.Report ended
            listener.Until(1, "rendered 1")
            run.Report(TrainingStopped(StopReason.Completed, 1, 4L, TimeSpan.FromSeconds 1.0))
            listener.Until(0, "completed")
            Expect.equal section.Rendered 2 "at the end again"
            page.Dispose()
            listener.Named "end" |> ignore
            Expect.equal (fst (listener.Next())) "closed" "the last event"
            run.Report(step 3)
            Expect.equal section.Rendered 2 "and no more"

        testCase "the last state is sent before the end, however soon that comes"
        <| fun () ->
            let run = RunRecorder "run"
            let page = LivePage.Serve(run, 0)
            use listener = new Listener(page)
            listener.Until(0, "not begun")
            run.Report(TrainingStarted(1, 1, 10))
            run.Report(TrainingStopped(StopReason.Completed, 1, 4L, TimeSpan.FromSeconds 1.0))
            page.Dispose()
            listener.Until(0, "completed")
            listener.Named "end" |> ignore

        testCase "a section that fails says so in its place, and the training goes on"
        <| fun () ->
            let run = RunRecorder "run"
            use page = LivePage.Serve(run, 0, Counting true)
            run.Report ended
            Expect.stringContains (get page "/") "<p class=\"notice\">Exception: &lt;cannot&gt;</p>" "the message"

        testCase "sections that take long are rendered seldom"
        <| fun () ->
            let run = RunRecorder "run"

            let slow = {
                new Section() with
                    member _.Title = "slow"

                    member _.Render _ =
                        Thread.Sleep 50
                        Markup.Text ""
            }

            let counting = Counting false
            use page = LivePage.Serve(run, 0, slow, counting)

            for _ in 1..5 do
                run.Report ended

            Expect.equal counting.Rendered 1 "five epochs within ten times what a rendering takes"

        testCase "many listeners come and go while steps are taken by another thread"
        <| fun () ->
            let run = RunRecorder "run"
            use page = LivePage.Serve(run, 0)
            run.Report(TrainingStarted(1, 100_000, 10))

            let training =
                Task.Run(fun () ->
                    for number in 1..100_000 do
                        run.Report(step number))

            Array.Parallel.init 8 (fun _ ->
                use listener = new Listener(page)
                listener.Until(0, "training:"))
            |> ignore

            training.Wait()
            Expect.stringContains (get page "/") "step 100000" "all steps"

        testCase "one that comes again is sent all there is"
        <| fun () ->
            let run = RunRecorder "run"
            use page = LivePage.Serve(run, 0, Counting false)
            run.Report(TrainingStarted(1, 4, 10))
            run.Report(step 1)
            run.Report ended

            for _ in 1..2 do
                use listener = new Listener(page)
                let first = listener.Named "part"
                Expect.equal (first.GetProperty("part").GetInt32()) 0 "the run"
                Expect.stringContains (first.GetProperty("html").GetString() |> string) "step 1" "its facts"
                let curves = listener.Named "curves"
                let line = Seq.head (curves.GetProperty("lines").EnumerateArray())
                Expect.equal (line.GetProperty("from").GetInt32()) 0 "from the first point"
                listener.Until(1, "rendered 1")
    ]

/// What a client is sent, and the lines of each chart as a page puts them together.
type private Reader(run: RunRecorder, sections: int) =
    let state =
        LiveState(ChartLibrary.Missing, run, [ for i in 1..sections -> Markup.Text $"section {i}" ])

    let changes = LiveChanges state
    let lines = Dictionary<struct (int * int), List<float * float>>()

    /// Reads what has changed; gives the bytes of it.
    member _.Read() =
        let buffer = ArrayBufferWriter<byte>()
        changes.Write buffer
        let text = Encoding.UTF8.GetString(buffer.WrittenSpan)

        for event in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries) do
            match event.Split "\n" with
            | [| "event: curves"; data |] ->
                let data = JsonDocument.Parse(data.Substring 6).RootElement
                let chart = data.GetProperty("chart").GetInt32()

                for i, line in
                    [ for line in data.GetProperty("lines").EnumerateArray() -> line ]
                    |> List.indexed do
                    let key = struct (chart, i)

                    if not (lines.ContainsKey key) then
                        lines[key] <- List()

                    let from = line.GetProperty("from").GetInt32()
                    lines[key].RemoveRange(from, lines[key].Count - from)

                    for x, y in
                        Seq.zip [ for x in line.GetProperty("x").EnumerateArray() -> x ] [
                            for y in line.GetProperty("y").EnumerateArray() -> y
                        ] do
                        lines[key]
                            .Add(
                                x.GetDouble(),
                                (if y.ValueKind = JsonValueKind.Null then
                                     nan
                                 else
                                     y.GetDouble())
                            )
            | [| "event: part"; data |] ->
                if JsonDocument.Parse(data.Substring 6).RootElement.GetProperty("part").GetInt32() = 0 then
                    lines.Clear()
            | [| "event: facts"; _ |] -> ()
            | other -> failtestf "an event %A" other

        buffer.WrittenCount

    member _.State = state

    member _.Lines =
        [ for KeyValue(struct (chart, line), points) in lines -> (chart, line), List.ofSeq points ]
        |> List.sortBy fst

/// The lines of a run's charts, rounded as they are sent.
let private linesOf (run: RunRecorder) = [
    for c, chart in
        RunSections.Curves(run.Snapshot())
        |> Seq.filter (fun chart -> chart.Lines |> Array.exists (fun line -> line.Curve.Points.Length > 0))
        |> Seq.indexed do
        for l, line in
            chart.Lines
            |> Array.filter (fun line -> line.Curve.Points.Length > 0)
            |> Array.indexed do
            (c, l), [ for struct (x, y) in line.Curve.Points -> Digits.Rounded x, (if Double.IsFinite y then Digits.Rounded y else nan) ]
]

let private bounded =
    testList "bounded" [
        testProperty "what was sent, put together, is what was recorded, whenever it is asked for"
        <| fun (asks: uint16 list) (seed: int) ->
            let run = RunRecorder("run", LearningRate = fun step -> 1.0 / float (step + 1L))

            let reader = Reader(run, 1)
            let random = Random seed
            let mutable number = 0
            run.Report(TrainingStarted(10, 1000, 10))

            for ask in asks do
                for _ in 1 .. int ask % 3000 do
                    number <- number + 1

                    match random.Next 300 with
                    | 0 -> run.Report(endedAt (1 + number / 300))
                    | 1 -> run.Note("note", string number)
                    | 2 -> run.Report(StepTaken(1, int64 number, nan, MetricValues.None, 1.0, MetricValues.None, 1.0, TimeSpan.Zero))
                    | _ -> run.Report(step number)

                reader.Read() |> ignore
                Expect.equal (sprintf "%A" reader.Lines) (sprintf "%A" (linesOf run)) "the lines"
                Expect.equal (reader.Read()) 0 "nothing twice"

        testCase "events are small and bounded, a page is bounded: 50,000 epochs, 1,000,000 steps"
        <| fun () ->
            let run = RunRecorder("run", LearningRate = fun step -> 1.0 / float (step + 1L))

            let reader = Reader(run, 1)
            run.Report(TrainingStarted(50_000, 20, 100))
            let sizes = List<int>()

            for number in 1..1_000_000 do
                run.Report(step number)

                if number % 20 = 0 then
                    run.Report(endedAt (number / 20))

                if number % 500 = 0 then
                    sizes.Add(reader.Read())

            run.Report(TrainingStopped(StopReason.Completed, 50_000, 1_000_000L, TimeSpan.FromSeconds 1.0))
            reader.Read() |> ignore
            // eight curves of 1,024 points at most, two numbers each; after a thinning one chart is sent again
            Expect.isLessThan (Seq.max sizes) 300_000 "no event is large"
            let sorted = sizes |> Seq.sort |> Array.ofSeq
            Expect.isLessThan sorted[sorted.Length / 2] 2_000 "most are small"
            Expect.isLessThan (Seq.sumBy float sizes / float sizes.Count) 8_000.0 "and so are they together"
            let points = reader.Lines |> List.sumBy (fun (_, points) -> points.Length)
            Expect.isLessThan points (9 * Curve.Capacity) "points"
            Expect.isLessThan (reader.State.Page()).Length 600_000 "the page"
            Expect.isLessThan (Report.Html(ChartLibrary.Missing, run)).Length 600_000 "the report"

        testCase "what is kept does not grow from 5,000 epochs to 50,000"
        <| fun () ->
            let kept epochs =
                let run = RunRecorder "run"
                let reader = Reader(run, 1)
                run.Report(TrainingStarted(epochs, 1, 1))

                for epoch in 1..epochs do
                    run.Report(step epoch)
                    run.Report(endedAt epoch)

                reader.Read() |> ignore
                reader.State.Page() |> ignore
                let before = GC.GetTotalMemory true
                GC.KeepAlive(run, reader)
                before

            let first = kept 5_000
            Expect.isLessThan (kept 50_000 - first) 4_000_000L "bytes more"

        testCase "a hundred clients that never read keep nobody out, and nothing is kept for them"
        <| fun () ->
            let run = RunRecorder "run"
            let large = String('x', 200_000)

            let section = {
                new Section() with
                    member _.Title = "large"
                    member _.Render _ = Markup.Text large
            }

            use page = LivePage.Serve(run, 0, section)
            run.Report(TrainingStarted(1, 100, 10))
            run.Report(step 1)
            run.Report ended

            let deaf = [
                for _ in 1..100 do
                    let client = connect page
                    client.ReceiveBufferSize <- 4096
                    client.GetStream().Write(Encoding.ASCII.GetBytes $"GET /events HTTP/1.1\r\nHost: {host page}\r\n\r\n")
                    client
            ]

            until "the limit is reached" (fun () -> page.Listeners = LivePage.MostStreams)

            for _ in 1..3 do
                use listener = new Listener(page)
                listener.Until(0, "step 1")
                listener.Until(1, "xxx")
                Expect.equal (status (get page "/")) "HTTP/1.1 200 OK" "the page"
                Expect.isLessThanOrEqual page.Listeners LivePage.MostStreams "no more than the limit"

            for client in deaf do
                client.Dispose()

        testCase "disposing does not wait for clients that hang, and tells those that do not"
        <| fun () ->
            let run = RunRecorder "run"
            let page = LivePage.Serve(run, 0)
            run.Report(step 1)

            let hanging = [
                for request in
                    [ ""; "GET / HT"; $"GET / HTTP/1.1\r\nHost: {host page}\r\n"; $"GET /events HTTP/1.1\r\nHost: {host page}\r\n\r\n" ] do
                    for _ in 1..5 do
                        let client = connect page
                        client.GetStream().Write(Encoding.ASCII.GetBytes request)
                        client
            ]

            use listener = new Listener(page)
            listener.Until(0, "step 1")
            let ending = Task.Run(fun () -> page.Dispose())
            listener.Named "end" |> ignore
            Expect.isTrue (ending.Wait(TimeSpan.FromSeconds 30.0)) "it ends"

            for client in hanging do
                client.Dispose()
    ]

[<Tests>]
let tests = testList "Live pages" [ answers; live; bounded ]
