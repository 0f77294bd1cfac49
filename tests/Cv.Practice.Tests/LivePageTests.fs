/// The page of a run while it trains: what the server on this machine answers, and whom it answers.
module Cv.Tests.LivePageTests

open System
open System.IO
open System.Net
open System.Net.Sockets
open System.Text
open System.Text.Json
open System.Threading
open Cv.Reporting
open Cv.Runtime
open Expecto

/// Metrics of one name.
let private measured value =
    MetricValues [ MetricValue("accuracy", value, true) ]

let private step number =
    StepTaken(1, int64 number, 1.0 / float number, measured 0.5, 1.0, measured 0.5, 1000.0, TimeSpan.FromSeconds 75.0)

let private ended =
    EpochEnded(1, 0.5, measured 0.75, null, 1000.0, TimeSpan.FromSeconds 1.0, TimeSpan.Zero)

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

/// Sends bytes, and reads all that comes back.
let private exchange (page: LivePage) (request: string) =
    use client = new TcpClient()
    client.Connect(IPAddress.Loopback, page.Address.Port)
    client.ReceiveTimeout <- 10_000
    let stream = client.GetStream()
    stream.Write(Encoding.Latin1.GetBytes request)
    use reader = new StreamReader(stream)
    reader.ReadToEnd()

let private host (page: LivePage) = $"127.0.0.1:{page.Address.Port}"

let private get page path =
    exchange page $"GET {path} HTTP/1.1\r\nHost: {host page}\r\n\r\n"

let private status (answer: string) = answer.Split("\r\n")[0]

/// Server-sent events as they come.
type private Listener(page: LivePage) =
    let client = new TcpClient()

    let reader =
        client.Connect(IPAddress.Loopback, page.Address.Port)
        client.ReceiveTimeout <- 10_000
        let stream = client.GetStream()
        stream.Write(Encoding.ASCII.GetBytes $"GET /events HTTP/1.1\r\nHost: {host page}\r\n\r\n")
        new StreamReader(stream)

    member _.Line() = reader.ReadLine() |> string

    /// The next event's name and data.
    member this.Next() =
        let mutable line = this.Line()

        while not (line.StartsWith("event: ", StringComparison.Ordinal)) do
            line <- this.Line()

        line.Substring 7, JsonDocument.Parse(this.Line().Substring 6).RootElement

    /// The next content of a part that holds a text.
    member this.Until(part: int, text: string) =
        let mutable found = false

        while not found do
            let name, data = this.Next()
            Expect.equal name "part" "an event"

            found <-
                data.GetProperty("part").GetInt32() = part
                && (data.GetProperty("html").GetString() |> string).Contains(text, StringComparison.Ordinal)

    interface IDisposable with
        member _.Dispose() =
            reader.Dispose()
            client.Dispose()

let private answers =
    testList "answers" [
        testCase "the page, live, and nothing else"
        <| fun () ->
            use page = LivePage.Serve(RunRecorder "a <run>", 0)
            let answer = get page "/?query"
            Expect.equal (status answer) "HTTP/1.1 200 OK" "status"
            Expect.stringContains answer "Content-Type: text/html; charset=utf-8" "type"
            Expect.stringContains answer "<h1>a &lt;run&gt;</h1>" "heading"
            Expect.stringContains answer "<html lang=\"en\" data-live>" "live"
            Expect.stringContains answer "connect-src &#39;self&#39;" "it may listen to its own server alone"
            Expect.equal (status (get page "/etc/passwd")) "HTTP/1.1 404 Not Found" "no files"
            Expect.equal (status (get page "/../../etc/passwd")) "HTTP/1.1 404 Not Found" "no folders"

        testCase "only to this machine, by its address or its name"
        <| fun () ->
            use page = LivePage.Serve(RunRecorder "run", 0)
            Expect.equal page.Address.Host "127.0.0.1" "the address"
            let port = page.Address.Port

            for host, expected in
                [
                    $"127.0.0.1:{port}", "200 OK"
                    $"localhost:{port}", "200 OK"
                    $"evil.example:{port}", "403 Forbidden"
                    "127.0.0.1", "403 Forbidden"
                    "", "403 Forbidden"
                ] do
                Expect.equal (status (exchange page $"GET / HTTP/1.1\r\nhost: {host}\r\n\r\n")) $"HTTP/1.1 {expected}" host

            for address in Dns.GetHostAddresses(Dns.GetHostName()) do
                if not (IPAddress.IsLoopback address) then
                    use client = new TcpClient(address.AddressFamily)
                    Expect.throwsT<SocketException> (fun () -> client.Connect(address, port)) $"not at {address}"

        testCase "bad requests are refused, and the next is answered"
        <| fun () ->
            use page = LivePage.Serve(RunRecorder "run", 0)

            for request, expected in
                [
                    "nonsense\r\n\r\n", "400 Bad Request"
                    "GET  / HTTP/1.1\r\n\r\n", "400 Bad Request"
                    "GET http://elsewhere/ HTTP/1.1\r\n\r\n", "400 Bad Request"
                    "GET / HTTP/9\r\n\r\n", "400 Bad Request"
                    "\u0000\u0001\u0002\r\n\r\n", "400 Bad Request"
                    $"POST / HTTP/1.1\r\nHost: {host page}\r\n\r\n", "405 Method Not Allowed"
                    "GET / HTTP/1.1\r\nx: " + String('x', 16 * 1024 - 19), "431 Request Header Fields Too Large"
                ] do
                Expect.equal (status (exchange page request)) $"HTTP/1.1 {expected}" (request.Substring(0, min 40 request.Length))

            // one that says nothing and goes
            using (new TcpClient()) (fun silent -> silent.Connect(IPAddress.Loopback, page.Address.Port))
            Expect.equal (status (get page "/")) "HTTP/1.1 200 OK" "still there"

        testCase "a port that is taken is told"
        <| fun () ->
            use page = LivePage.Serve(RunRecorder "run", 0)

            Expect.throwsC (fun () -> LivePage.Serve(RunRecorder "other", page.Address.Port).Dispose()) (fun ex ->
                Expect.isTrue (ex :? IOException) "its type"
                Expect.stringStarts ex.Message $"live page: port {page.Address.Port} of 127.0.0.1 must be free; got" "its text")

        testCase "when it is over, nobody answers, and disposing again does nothing"
        <| fun () ->
            let page = LivePage.Serve(RunRecorder "run", 0)
            page.Dispose()
            page.Dispose()
            Expect.throwsT<SocketException> (fun () -> get page "/" |> ignore) "closed"
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
            let mutable name, _ = listener.Next()

            while name = "part" do
                name <- fst (listener.Next())

            Expect.equal name "end" "the last event"
            run.Report(step 3)
            Expect.equal section.Rendered 2 "and no more"

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
                Tasks.Task.Run(fun () ->
                    for number in 1..100_000 do
                        run.Report(step number))

            Array.Parallel.init 8 (fun _ ->
                use listener = new Listener(page)
                listener.Until(0, "training:"))
            |> ignore

            training.Wait()
            Expect.stringContains (get page "/") "step 100000" "all steps"
    ]

[<Tests>]
let tests = testList "Live pages" [ answers; live ]
