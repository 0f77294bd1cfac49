/// The same for graphs, their compilation, calls, data and training.
module Cv.Tests.ErrorTextCompilerTests

open System
open System.Collections.Immutable
open System.IO
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.FakeTraining
open Cv.Tests.Generators
open Expecto

let private x = Expr.Input("x", shape [ 2 ])
let private w = Expr.Parameter("w", shape [ 2 ])

let private refusals group (table: (string * Type * (unit -> (obj | null)) * string) list) =
    testList group [
        for name, error, run, expected in table do
            testCase name (fun () ->
                Expect.throwsC (run >> ignore) (fun ex ->
                    Expect.equal (ex.GetType()) error ex.Message
                    Expect.equal ((Mistakes.text ex).ReplaceLineEndings "\n") expected "the text"))
    ]

let private updating target value () : obj | null =
    box (Graph(ImmutableArray.Create x, ImmutableArray.Create(Update(target, value))))

let private optioned (options: CompileOptions) () : obj | null =
    box (Compile.Function(Graph x, options))

let private graphs =
    refusals "graphs" [
        "an update of an input",
        typeof<GraphException>,
        updating x (x * 2.0),
        "update: the target must be a parameter or state of the value's type; got input \"x\" : f32[2] and f32[2]. Cast or reshape the value, or make the target a state."

        "an update of another type",
        typeof<GraphException>,
        updating w (w.Sum()),
        "update: the target must be a parameter or state of the value's type; got parameter \"w\" : f32[2] and f32[]. Cast or reshape the value, or make the target a state."

        "two updates of one parameter",
        typeof<GraphException>,
        (fun () -> Graph(ImmutableArray.Create x, ImmutableArray.Create(Update(w, w * 2.0), Update(w, w * 3.0)))),
        "update: each parameter or state may be updated once; got parameter \"w\" : f32[2] twice. Combine the two values into one."

        "one name for two leaves",
        typeof<GraphException>,
        (fun () -> Compile.Function(x, Expr.Parameter("x", shape [ 3 ]))),
        "graph: a name must mean one thing; \"x\" is input f32[2] and parameter f32[3]. Rename one."

        "a pass that changes a type",
        typeof<GraphException>,
        (fun () -> Pass.RunAll([ Pass("halve", (fun g -> Graph(g.Outputs[0].Sum()))) ], Graph x)),
        "pass halve: a pass must keep types; got input \"x\" : f32[2] before and reshape [] : f32[] after. Mend the rule that made it."

        "a symbol that nothing binds",
        typeof<GraphException>,
        (fun () -> Compile.Function(Expr.Input("x", shapeOf [ Dim "N" ]).Tanh()).Explain()),
        "compile: every dim must be a number by now; got input \"x\" : f32[N]. Bind its symbols: the inputs of a call do, where they name them."
    ]

let private options =
    refusals "options" [
        "no threads",
        typeof<GraphException>,
        optioned (CompileOptions(Threads = 0)),
        "compile: the number of threads must be 1 to 256; got 0. Leave it out to use every processor."

        "a width that no processor has",
        typeof<GraphException>,
        optioned (CompileOptions(Width = enum 100)),
        "compile: the width must be 128, 256 or 512 bits; got 100. Leave it out for the widest."

        "code for no extents",
        typeof<GraphException>,
        optioned (CompileOptions(CachedShapes = 0)),
        "compile: code must be kept for at least 1 set of extents; got 0. Leave it out for 16."
    ]

let private calls =
    refusals "calls" [
        "an input bound to nothing",
        typeof<BindingException>,
        (fun () -> Compile.Function(x.Tanh()).Call(Binding("x", Unchecked.defaultof<Tensor>))),
        "call: input \"x\" must be bound to a tensor; got null. Make one with Tensor.From."

        "a state without the parameter",
        typeof<BindingException>,
        (fun () -> Interpreter.Run(Graph(w.Tanh()), ModelState.Empty)),
        "call: the state must hold parameter \"w\"; it does not. Initialise it with the graph's leaves."

        "a state of another shape",
        typeof<BindingException>,
        (fun () -> Interpreter.Run(Graph(w.Tanh()), ModelState.Initialise([ Expr.Parameter("w", shape [ 3 ]) ], 1UL))),
        "call: parameter \"w\" must be f32[2]; the state holds f32[3]. Initialise it with this graph's leaves."

        "a name that the state has not",
        typeof<System.Collections.Generic.KeyNotFoundException>,
        (fun () -> (ModelState.Initialise([ w ], 1UL))["v"]),
        "state: \"v\" must be one of its names; it has w. Initialise it with the graph's leaves."
    ]

let private three =
    Dataset("three", shape [ 2 ], Array.zeroCreate 6, [| 0uy; 1uy; 0uy |], ImmutableArray.Create("a", "b"))

let private one = {
    new IFunction with
        member _.Inputs = [||]
        member _.Call(_, _) = [| Tensor.Scalar 0.0f; Tensor.Scalar 1.0f |]
        member _.FirstNonFinite(_, _) = null
}

let private data =
    refusals "data and training" [
        "an image that the set has not",
        typeof<ArgumentOutOfRangeException>,
        (fun () -> three.Subset [| 0; 3 |]),
        "dataset: a place must be from 0 to 2; three has 3 examples. Take others. (Parameter 'indices')\nActual value was 3."

        "more images than there are",
        typeof<ArgumentOutOfRangeException>,
        (fun () -> three.Take 4),
        "dataset: a count must be from 0 to 3; three has no more examples. Take fewer. (Parameter 'count')\nActual value was 4."

        "a step with an output that has no name",
        typeof<ArgumentException>,
        (fun () ->
            use train = new Batches(three, 2)
            Trainer(one, one, TrainingOptions(Epochs = 1)).Train(initial (), train)),
        "training: a step or an evaluator must give the loss and the metrics that it names; got 2 outputs, and the names of none. Name them: Compile.Function(graph, options, metrics)? (Parameter 'outputs')"
    ]

let private unreadable =
    testCase "a folder in the place of a file is named" (fun () ->
        DataFiles.inFolder (fun folder ->
            let path = Path.Combine(folder, "images")
            Directory.CreateDirectory path |> ignore

            Expect.throwsC (fun () -> Idx.Read(path, path, "small", Mnist.ClassNames) |> ignore) (fun ex ->
                Expect.isTrue (ex :? DataException) ex.Message
                Expect.stringStarts ex.Message $"{path}: expected a file, found a folder. " "the text")))

[<Tests>]
let tests = testList "error texts" [ graphs; options; calls; data; unreadable ]
