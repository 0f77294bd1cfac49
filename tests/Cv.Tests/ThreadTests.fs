/// Many calls at once, and calls inside of calls: each gives what it gives alone, calls that change one state run one after the other, and nothing waits for ever.
module Cv.Tests.ThreadTests

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.Threading
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.Hooks
open Expecto

/// Calls a thread makes: 10,000 with CVDSL_CALLS=10000.
let private calls =
    match Environment.GetEnvironmentVariable "CVDSL_CALLS" with
    | null
    | "" -> 400
    | text -> int text

let private threads = 16

let private stateOf (tensors: (string * Tensor) list) =
    new ModelState([ for name, tensor in tensors -> KeyValuePair(name, tensor) ])

/// Runs on several threads at once, and gives what went wrong on them; a thread that hangs fails the test.
let private together count (run: int -> unit) =
    let wrong = ConcurrentQueue<string>()
    use start = new Barrier(count)

    let all = [
        for i in 0 .. count - 1 ->
            Thread(
                (fun () ->
                    start.SignalAndWait()

                    try
                        run i
                    with ex ->
                        wrong.Enqueue $"{ex}"),
                IsBackground = true
            )
    ]

    for thread in all do
        thread.Start()

    for thread in all do
        Expect.isTrue (thread.Join(TimeSpan.FromMinutes 5.0)) "a thread waits for ever"

    List.ofSeq wrong

// a net whose middle calls a function, the same one on a smaller batch where it has rows left
let private features = 6
let private v = Expr.Input("v", shapeOf [ Dim "N"; Dim features ])
let private p = Expr.Parameter("p", shape [ features; features ])

let private nested =
    let mutable again: (float[] -> unit) = ignore
    let inner = hook "again" (fun x -> again x) (v.MatMul(p).Tanh())

    let f =
        Compile.Function(Graph(inner.MatMul(p).Sigmoid()), CompileOptions(Threads = 2))

    f, (fun act -> again <- act)

let private batch rows seed =
    Tensor.From(shape [ rows; features ], Array.init (rows * features) (fun i -> float32 ((i * 7 + seed * 13) % 11) / 11f))

/// As many ones as a kernel needs to be cut among threads, counted up by one at each step.
let private size = 40_003
let private counter = Expr.State("counter", shape [ size ])
let private one = Expr.Input("one", Shape.Scalar)

let private count =
    Compile.Function(graphOf [ counter.Max() - counter.Min() ] [ Update(counter, counter + one) ], CompileOptions(Threads = 2))

let private spread =
    Compile.Function(Graph(counter.Max() - counter.Min()), CompileOptions(Threads = 2))

let private newCounter () =
    stateOf [ "counter", Tensor.Zeros(shape [ size ]) ]

[<Tests>]
let beside =
    testSequenced
    <| testList "calls beside each other" [
        testCase $"{threads} threads, {calls} calls each: mixed extents, a state that is read, re-entry, disposals"
        <| fun () ->
            let f, onMiddle = nested
            use state = stateOf [ "p", batch features 3 ]
            let inputs = [ for rows in 1..5 -> batch rows rows ]
            let expected = [ for x in inputs -> (f.Call(state, Binding("v", x))[0]).ToArray<float32>() ]
            let depth = new ThreadLocal<int>()
            let bad = ConcurrentQueue<string>()

            let check rows =
                use result = f.Call(state, Binding("v", inputs[rows - 1]))[0]

                if result.ToArray<float32>() <> expected[rows - 1] then
                    bad.Enqueue $"{rows} rows"

            onMiddle (fun x ->
                let rows = x.Length / features

                if rows > 1 && depth.Value < 2 then
                    depth.Value <- depth.Value + 1
                    check (rows - 1)
                    depth.Value <- depth.Value - 1)

            let wrong =
                together threads (fun thread ->
                    for i in 1..calls do
                        check (1 + (i * 7 + thread) % 5))

            onMiddle ignore
            Expect.isEmpty wrong "errors"
            Expect.isEmpty bad "wrong results"

        testCase $"{threads} threads count one state up, read it, copy it and count states of their own: no half of an update is seen"
        <| fun () ->
            use shared = newCounter ()
            use step = Tensor.Scalar 1f
            let bad = ConcurrentQueue<string>()
            let rounds = calls / 4

            let wrong =
                together threads (fun thread ->
                    use own = newCounter ()
                    use figure = Tensor.Zeros(Shape.Scalar)

                    let note what (value: float) =
                        if value <> 0.0 then
                            bad.Enqueue $"{what}: {value}"

                    for i in 1..rounds do
                        count.CallInto(shared, [| figure |], Binding("one", step))
                        note "counted" (figure.Item())

                        match (i + thread) % 4 with
                        | 0 ->
                            spread.CallInto(shared, [| figure |])
                            note "read" (figure.Item())
                        | 1 ->
                            use copy = shared.Clone()
                            let all = copy["counter"].ToArray<float32>()
                            note "copied" (float (Array.max all - Array.min all))
                        | 2 ->
                            use result = count.Call(own, Binding("one", step))[0]
                            note "its own" (result.Item())
                        | _ -> ())

            Expect.isEmpty wrong "errors"
            Expect.isEmpty bad "halves of updates"

            Expect.isTrue
                (shared["counter"].ToArray<float32>()
                 |> Array.forall ((=) (float32 (threads * rounds))))
                "every step counts once"

        testCase "the bits of a step do not depend on what runs beside it"
        <| fun () ->
            let model = Model.Input(20).Dense(40).Relu().Dense(10)

            let program =
                Training.Compile(
                    model,
                    Func<_, _, _>(fun scores labels -> scores.SoftmaxCrossEntropy labels),
                    Optimiser.Adam(1e-3),
                    options = CompileOptions(Threads = 2)
                )

            let data = [|
                Binding("x", Tensor.From(shape [ 64; 20 ], Array.init (64 * 20) (fun i -> float32 (i % 7) / 7f)))
                Binding("labels", Tensor.From(shape [ 64 ], Array.init 64 (fun i -> i % 10)))
            |]

            let trained () =
                use state = program.Initialise 1UL

                for _ in 1..20 do
                    for result in program.Step.Call(state, data) do
                        result.Dispose()

                [ for name in state.Names -> state[name].ToDoubles() ]

            let alone = trained ()

            let wrong =
                together 8 (fun _ ->
                    if trained () <> alone then
                        failtest "other bits")

            Expect.isEmpty wrong "errors"

        testCase "code is made once, however many ask for it at once"
        <| fun () ->
            let mutable expansions = 0

            let counted =
                Gate.Custom(
                    TensorRule(
                        "counted",
                        Forward =
                            fun x ->
                                Interlocked.Increment &expansions |> ignore
                                x[0] * 2.0f
                    )
                )

            let made () =
                Compile.Function(Graph(Expr.Input("x", shapeOf [ Dim "N" ]).Apply(counted).Tanh()))

            let input = Tensor.From(shape [ 9 ], Array.create 9 1f)
            let first = made ()
            first.Call(Binding("x", input)) |> ignore
            let again = made ()
            expansions <- 0
            again.Call(Binding("x", input)) |> ignore
            let once = expansions
            let f = made ()
            expansions <- 0
            let wrong = together 8 (fun _ -> f.Call(Binding("x", input)) |> ignore)
            Expect.isEmpty wrong "errors"
            Expect.isGreaterThan once 0 "expansions of one"
            // nodes that were collected may be made once more
            Expect.isLessThan expansions (2 * once) "expansions"
    ]

let private refusal (ex: exn) =
    match ex with
    | :? ReentryException as refused -> refused.Message
    | other -> failtestf "a ReentryException, not %O" other

[<Tests>]
let inside =
    testSequenced
    <| testList "a call inside a call" [
        testCase "of the same function leaves the outer one's numbers alone"
        <| fun () ->
            let t = Expr.Input("t", shape [ 3 ])
            let mutable act = ignore
            let f = Compile.Function((hook "inner" (fun x -> act x) (t * 10.0f)) + t + 1.0f)
            let seen = List<float list>()

            act <-
                fun x ->
                    if x[0] = 10.0 then
                        seen.Add(List.ofArray ((f.Call(Binding("t", Tensor.From(shape [ 3 ], [| 7f; 8f; 9f |])))[0]).ToDoubles()))

            let outer = f.Call(Binding("t", Tensor.From(shape [ 3 ], [| 1f; 2f; 3f |])))[0]
            Expect.equal (List.ofArray (outer.ToDoubles())) [ 12.0; 23.0; 34.0 ] "outer"
            Expect.equal (List.ofSeq seen) [ [ 78.0; 89.0; 100.0 ] ] "inner"

        testCase "in a scan's body, of a function with the same scan"
        <| fun () ->
            let s = Expr.Input("s", shape [ 4; 2 ])
            let mutable act = ignore

            let body (h: Expr) (x: Expr) = hook "inner" (fun x -> act x) (h + x)

            let struct (_, all) =
                Expr.Scan(Expr.Const(0.0).BroadcastTo(shape [ 2 ]), s, Func<Expr, Expr, Expr>(body))

            let f = Compile.Function all

            let values k =
                Tensor.From(shape [ 4; 2 ], Array.init 8 (fun i -> float32 (k * (i + 1))))

            let plain = [ for k in 1..2 -> (f.Call(Binding("s", values k))[0]).ToDoubles() ]
            let mutable deep = false

            act <-
                fun _ ->
                    if not deep then
                        deep <- true
                        Expect.equal ((f.Call(Binding("s", values 2))[0]).ToDoubles()) plain[1] "inner"
                        deep <- false

            Expect.equal ((f.Call(Binding("s", values 1))[0]).ToDoubles()) plain[0] "outer"

        for where in [ "its thread"; "another thread that it waits for" ] do
            testCase $"is refused, on {where}, where it would read or change half of an update"
            <| fun () ->
                let mutable act: unit -> unit = ignore

                let step =
                    // the update needs what the op gives, so the op comes first
                    let made = hook "inner" (fun _ -> act ()) one
                    Compile.Function(graphOf [ made ] [ Update(counter, counter + made) ])

                use state = newCounter ()
                use other = newCounter ()
                use input = Tensor.Scalar 1f

                let run (inner: unit -> unit) =
                    act <-
                        fun () ->
                            if where = "its thread" then
                                inner ()
                            else
                                let mutable failure: exn | null = null

                                let thread =
                                    Thread(
                                        (fun () ->
                                            try
                                                inner ()
                                            with ex ->
                                                failure <- ex),
                                        IsBackground = true
                                    )

                                thread.Start()
                                Expect.isTrue (thread.Join(TimeSpan.FromMinutes 1.0)) "it waits for ever"

                                match failure with
                                | null -> ()
                                | ex -> raise ex

                    step.Call(state, Binding("one", input)) |> ignore

                for name, inner in
                    [
                        "reads", (fun () -> spread.Call(state) |> ignore)
                        "changes", (fun () -> count.Call(state, Binding("one", input)) |> ignore)
                        "copies", (fun () -> state.Clone().Dispose())
                        "overwrites", (fun () -> state.CopyFrom other)
                    ] do
                    Expect.throwsC (fun () -> run inner) (fun ex ->
                        Expect.stringContains (refusal ex) "state.Clone()" $"the fix: {name}"
                        Expect.stringContains (refusal ex) "\"counter\"" $"the tensor: {name}")

                Expect.isTrue (state["counter"].ToArray<float32>() |> Array.forall ((=) 0f)) "the state"
                // with a state of its own it works
                run (fun () -> count.Call(other, Binding("one", input)) |> ignore)
                Expect.equal (state["counter"].ToArray<float32>()[0]) 1f "the outer step"
                Expect.equal (other["counter"].ToArray<float32>()[0]) 1f "the inner step"

        testCase "of what another call changes, in both directions: one is refused, none waits for ever"
        <| fun () ->
            use first = newCounter ()
            use second = newCounter ()
            use input = Tensor.Scalar 1f
            use inBoth = new Barrier(2)

            let crossing (mine: ModelState) (other: ModelState) =
                let inner =
                    hook "inner" (fun _ ->
                        inBoth.SignalAndWait()
                        count.Call(other, Binding("one", input)) |> ignore)

                let step =
                    Compile.Function(graphOf [ inner one ] [ Update(counter, counter + one) ])

                fun () -> step.Call(mine, Binding("one", input)) |> ignore

            let sides = [ crossing first second; crossing second first ]
            let refused = ConcurrentQueue<string>()

            let wrong =
                together 2 (fun i ->
                    try
                        sides[i]()
                    with :? ReentryException as ex ->
                        refused.Enqueue ex.Message)

            Expect.isEmpty wrong "errors"
            Expect.equal refused.Count 1 "the refused ones"
            Expect.stringStarts (Seq.head refused) "call: two calls must not wait for each other" "the text"

        testCase "may read what the outer call reads, while a third call waits to change it"
        <| fun () ->
            use state = newCounter ()
            use input = Tensor.Scalar 1f
            let mutable act: unit -> unit = ignore

            let reader =
                Compile.Function(Graph(hook "inner" (fun _ -> act ()) (counter.Max() - counter.Min())))

            use go = new ManualResetEventSlim()
            use went = new ManualResetEventSlim()

            let writer =
                Thread(
                    (fun () ->
                        go.Wait()
                        went.Set()
                        count.Call(state, Binding("one", input)) |> ignore),
                    IsBackground = true
                )

            writer.Start()

            act <-
                fun () ->
                    go.Set()
                    went.Wait()
                    // it waits for the outer call, in the queue
                    while ClaimQueue.IsEmpty do
                        Thread.Yield() |> ignore

                    Expect.equal ((spread.Call(state)[0]).Item()) 0.0 "inner"
                    Expect.equal (state["counter"].ToArray<float32>()[0]) 0f "before the change"

            Expect.equal ((reader.Call(state)[0]).Item()) 0.0 "outer"

            Expect.isTrue (writer.Join(TimeSpan.FromMinutes 1.0)) "the third call"
            Expect.equal (state["counter"].ToArray<float32>()[0]) 1f "after it"
    ]
