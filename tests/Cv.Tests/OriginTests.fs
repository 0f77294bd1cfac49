/// Nodes remember the line that built them, and messages name it.
module Cv.Tests.OriginTests

open System
open System.Collections.Immutable
open System.Runtime.CompilerServices
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private here line = $"OriginTests.fs:{line}"

let private placeOf (e: Expr) =
    match e.Origin with
    | null -> ""
    | origin -> origin.ToString()

let private messageOf run =
    Expect.throwsC (run >> ignore) (fun ex -> ex.Message)

let private nodes =
    testList "of nodes" [
        testCase "an operator, a verb, a layer and F#'s functions have the line of their caller"
        <| fun () ->
            let line = int __LINE__ + 1
            let x = Expr.Input("origins", shape [ 4; 3 ])
            let sum = x + x
            let exp = x.Exp()
            let dense = x.Linear(2, "origins")
            let tanh = x |> tanh

            Expect.equal
                (List.map placeOf [ x; sum; exp; dense; dense.Operands[0]; tanh ])
                [ here line; here (line + 1); here (line + 2); here (line + 3); here (line + 3); here (line + 4) ]
                "lines"

        testCase "the line that built a node first stays"
        <| fun () ->
            let x = Expr.Input("origin of the first", shape [ 2 ])
            let line = int __LINE__ + 1
            let first = x.Tanh()
            let second = x.Tanh()
            Expect.isTrue (obj.ReferenceEquals(first, second)) "one node"
            Expect.equal (placeOf second) (here line) "its line"

        testCase "a line within a lambda that the framework calls"
        <| fun () ->
            let x = Expr.Input("origin in a lambda", shape [ 2 ])

            let line = int __LINE__ + 3

            let sums =
                Seq.scan (fun (sum: Expr) i -> sum + Expr.Const(float i)) x [ 1; 2 ]
                |> List.ofSeq

            Expect.equal (List.map placeOf sums.Tail) [ here line; here line ] "its own"

        testCase "a constant has none: it is written in place"
        <| fun () -> Expect.isNull (Expr.Const 2.5).Origin "no line"

        testCase "a gradient's nodes have the line of what they are the gradient of"
        <| fun () ->
            let x = Expr.Input("origin of a gradient", shape [ 2 ], DType.F64)
            let line = int __LINE__ + 1
            let y = x.Exp()
            let loss = (y * 3.0).Sum()
            let dx = Gradient.Of(loss, x)[0]
            Expect.equal (placeOf dx) (here line + ", in the gradient of exp") "its line"

        testCase "what passes make has the line of what it was made from"
        <| fun () ->
            let x = Expr.Input("origin of a pass", shape [ 2; 3 ])
            let line = int __LINE__ + 1
            let y = -(-(x.Tanh()))
            let z = (y - y.Max([| 1 |], true)).Exp()
            let made = (Pass.RunAll(Pipeline.Passes, Graph z)).Nodes

            for e in made do
                Expect.isTrue (isNull e.Origin = (e.Op :? Const)) $"{e} has a line"

            Expect.contains (Seq.map placeOf made) (here line) "of the tanh"

        testCase "symbols bound, dtypes changed, nodes replaced: the line stays"
        <| fun () ->
            let x = Expr.Input("origin of a rebuild", shapeOf [ Dim "N"; Dim 3 ])
            let line = int __LINE__ + 1
            let y = x.Tanh()
            Expect.equal (placeOf (y.WithDType DType.F64)) (here line) "with_dtype"
            Expect.equal (placeOf (y.Bind(dict [ "N", 8 ] |> System.Collections.Generic.Dictionary))) (here line) "bind"

        testCase "lines are read from symbols: file, path and number"
        <| fun () ->
            let line = int __LINE__ + 1
            let x = Expr.Input("origin with a path", shape [ 2 ])
            let origin = nonNull x.Origin
            Expect.equal (Option.ofNullable origin.Line) (Some line) "the number"
            Expect.isTrue ((nonNull origin.Path).EndsWith "OriginTests.fs") "the path"
            Expect.equal origin.Place (here line) "both"
            Expect.isNull origin.Derivation "it was written, not derived"
    ]

let private messages =
    testList "in messages" [
        testCase "a mistake names its line, and those of the operands"
        <| fun () ->
            let line = int __LINE__ + 1
            let a = Expr.Input("origin a", shape [ 2; 3 ])
            let b = Expr.Input("origin b", shape [ 5; 7 ])

            Expect.equal
                (messageOf (fun () -> a.MatMul b))
                $"matmul: inner sizes must agree; got f32[2,3] and f32[5,7] (3 != 5). The first's columns must be as many as the second's rows. (at {here (line + 4)}; operands from {here line} and {here (line + 1)})"
                "the text"

        testCase "operands of the same line are not named again"
        <| fun () ->
            let line = int __LINE__ + 1
            let message = messageOf (fun () -> Expr.Input("origin c", shape [ 2 ]).T())
            Expect.isTrue (message.EndsWith $" first. (at {here line})") message

        testCase "what no gradient reaches is named with its line"
        <| fun () ->
            let x = Expr.Input("origin of the reached", shape [ 2 ])
            let line = int __LINE__ + 1
            let y = Expr.Input("origin of the unreached", shape [ 2 ])
            let message = messageOf (fun () -> Gradient.Of(x.Sum(), y)[0])
            Expect.isTrue (message.EndsWith $"(at {here (line + 1)}; nodes from {here line})") message

        testCase "a call names the line that declared the input"
        <| fun () ->
            let line = int __LINE__ + 1
            let x = Expr.Input("origin of an input", shape [ 2 ])
            let f = Compile.Function(x.Tanh())
            let message = messageOf (fun () -> f.Call()[0])
            Expect.isTrue (message.EndsWith $" (declared at {here line})") message

        testCase "a mistake inside a pass names the node that the pass was at"
        <| fun () ->
            let x = Expr.Input("origin in a pass", shape [ 2 ])
            let line = int __LINE__ + 1
            let y = x.Tanh()

            let rule (e: Expr) : Expr | null = if e.Op :? Tanh then e.T() else null

            let message = messageOf (fun () -> (Graph y).Rewrite(rule).Outputs[0])
            Expect.isTrue (message.Contains $"; working on {here line}") message
    ]

[<MethodImpl(MethodImplOptions.NoInlining)>]
let rec private deep (depth: int) (run: unit -> 'a) : 'a =
    if depth = 0 then
        run ()
    else
        let result = deep (depth - 1) run
        GC.KeepAlive result
        result

let private depth =
    testList "cost" [
        testCase "at the end of a deep recursion lines are looked up as seldom as the stack is deep, so that time stays linear"
        <| fun () ->
            let chain () =
                let mutable e = Expr.Input("origin far down", shape [ 2 ])

                for i in 1..500 do
                    e <- e + Expr.Const(float i)

                e

            let far = Expr.Nodes(deep 2_000 chain) |> Seq.filter (fun e -> not (e.Op :? Const))

            let known = far |> Seq.filter (fun e -> not (isNull e.Origin)) |> Seq.length
            // a walk over 2,000 frames is paid off by 7 nodes, at 256 frames each
            Expect.isLessThan known 80 "lines looked up"
            Expect.isGreaterThan known 40 "but some"

        testCase "back from a deep recursion the next line is looked up at once"
        <| fun () ->
            let far = deep 2_000 (fun () -> Expr.Input("origin farther down", shape [ 2 ]))
            let line = int __LINE__ + 1
            let near = far.Exp()
            Expect.equal (placeOf near) (here line) "its line"
    ]

let private notFinite =
    testList "of the first that is not finite" [
        testCase "in the backward pass, with its inputs and its line"
        <| fun () ->
            let x = Expr.Input("origin of a root", shape [ 3 ], DType.F64)
            let line = int __LINE__ + 1
            let y = x.Sqrt()
            let loss = y.Sum()
            let f = Compile.Function(Graph(loss, Gradient.Of(loss, x)[0]))

            match f.FirstNonFinite(ModelState.Empty, Binding("origin of a root", Tensor.From(shape [ 3 ], [| 4.0; 0.0; 1.0 |]))) with
            | null -> failtest "1 / sqrt 0 is there"
            | report ->
                Expect.equal
                    (report.ToString())
                    $"div : f64[3] ({here line}, in the gradient of sqrt): element 1 of 3 is Infinity; its operands: mul : f64[3] ({here line}) in 0.5..0.5, sqrt : f64[3] ({here line}) in 0..2"
                    "the report"

        testCase "in the forward pass"
        <| fun () ->
            let x = Expr.Input("origin of a logarithm", shape [ 2 ])
            let line = int __LINE__ + 1
            let y = x.Log()
            let f = Compile.Function(Graph(y.Exp()))

            match f.FirstNonFinite(ModelState.Empty, Binding("origin of a logarithm", Tensor.From(shape [ 2 ], [| 1.0f; -1.0f |]))) with
            | null -> failtest "log -1 is there"
            | report ->
                Expect.isTrue ((report.ToString()).StartsWith $"log : f32[2] ({here line}): element 1 of 2 is NaN") (report.ToString())
    ]

/// The message of a training on images of zeros.
let private trained (model: Model) =
    let zeros =
        Dataset("zeros", shape [ 2 ], Array.zeroCreate 8, [| 0uy; 1uy; 0uy; 1uy |], ImmutableArray.Create("a", "b"))

    let program =
        Training.Compile(
            model,
            Func<_, _, _>(fun (scores: Expr) labels -> scores.SoftmaxCrossEntropy labels),
            Optimiser.GradientDescent 0.1
        )

    use batches = new Batches(zeros, 2)
    use state = program.Initialise 1UL

    messageOf (fun () -> Trainer(program.Step, program.Evaluate, TrainingOptions(Epochs = 2)).Train(state, batches))

let private training =
    testList "of a training that goes wrong" [
        testCase "in the forward pass: the first step names the line"
        <| fun () ->
            let line = int __LINE__ + 1
            let message = trained (Model.Input(2).Then(fun x -> x.Log()).Dense(2))

            Expect.stringContains
                message
                $"step 1 (epoch 1) gave NaN. The first node not finite is log : f32[2,2] ({here line}): element 0 of 4 is -Infinity"
                "the text"

        testCase "in the backward pass: the step after shows it, and the node of the step before is named"
        <| fun () ->
            let line = int __LINE__ + 1
            let message = trained (Model.Input(2).Dense(2).Then(fun x -> x.Abs().Sqrt()))
            Expect.stringContains message "step 2 (epoch 1) gave NaN. The first node not finite is " "when"
            Expect.stringContains message $"({here line}, in the gradient of sqrt): element 0 of 4 is " "where"
    ]

[<Tests>]
let tests = testList "origins" [ nodes; messages; depth; notFinite; training ]
