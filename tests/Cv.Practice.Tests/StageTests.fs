/// The stages of a model: what each verb appended.
module Cv.Tests.StageTests

open System
open Cv.Dsl
open Cv.FSharp
open Cv.Tests.Generators
open Expecto

let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)
let private names (model: Model) = [ for stage in model.Stages -> stage.Name ]

let private net =
    Model
        .Input(8, 8, 3)
        .RandomFlip()
        .Conv(4, 3, padding = Padding.Same)
        .BatchNorm()
        .Relu()
        .MaxPool(2)
        .Conv(6, 3, padding = Padding.Same)
        .BatchNorm()
        .Relu()
        .MaxPool(2)
        .Flatten()
        .Dropout(0.5)
        .Dense(10)

[<Tests>]
let tests =
    testList "stages" [
        testCase "each verb is one, in order"
        <| fun () ->
            Expect.equal
                (names net)
                [
                    "flip1"
                    "conv1"
                    "batchnorm1"
                    "relu1"
                    "maxpool1"
                    "conv2"
                    "batchnorm2"
                    "relu2"
                    "maxpool2"
                    "flatten1"
                    "dropout1"
                    "dense1"
                ]
                "names"

        testCase "from the source to the output, each from where the last one ended"
        <| fun () ->
            let stages = List.ofSeq net.Stages
            Expect.isTrue (same stages.Head.Input net.Source) "it begins with the source"
            Expect.isTrue (same (List.last stages).Output net.Output) "it ends with the output"

            for before, after in List.pairwise stages do
                Expect.isTrue (same before.Output after.Input) $"{before.Name} and {after.Name}"

            Expect.equal (string stages[4]) "maxpool1 : f32[N,4,4,4]" "as text"

        testCase "every parameter and every node is of one of them"
        <| fun () ->
            let parameters = [
                for stage in net.Stages do
                    yield! stage.Parameters
            ]

            Expect.sequenceEqual [ for p in parameters -> string p ] [ for p in net.Parameters -> string p ] "parameters"

            let nodes = [
                for stage in net.Stages do
                    yield! stage.Nodes
            ]

            Expect.equal (nodes.Length + 1) (Expr.Nodes net.Output).Length "nodes, but for the source"

        testCase "names: chosen, of layers, of gates, of what is computed last"
        <| fun () ->
            let swish = Gate.Define("swish", fun (x: float32) -> x / (1.0f + exp -x))

            let model =
                Model
                    .Input(4)
                    .Dense(4, name = "first")
                    .Then(swish)
                    .Then("twice", fun x -> x * 2.0)
                    .Then(fun x -> x * 3.0)
                    .Then(fun x -> x.Dense(4).Relu().Dense 4)
                    .Then(fun x -> x.Dropout 0.5)
                    .Dense(4)

            Expect.equal (names model) [ "first"; "swish1"; "twice"; "mul1"; "add1"; "select1"; "dense3" ] "names"

        testCase "a function of one's own goes by its name"
        <| fun () ->
            // as C# passes a method: F# would pass a lambda that calls it
            let method =
                match typeof<Verbs>.GetMethod("Softmax", [| typeof<Expr> |]) with
                | null -> failtest "Verbs.Softmax"
                | method -> method.CreateDelegate<Func<Expr, Expr>>()

            Expect.equal (names (Model.Input(4).Then(method).Then(method))) [ "softmax1"; "softmax2" ] "names"
            Expect.equal (names (Model.Input(4).Then(Gate.Relu))) [ "relu1" ] "a gate"

        testCase "every gate, norm and dropout of the notes is a verb, in F# a function"
        <| fun () ->
            let model =
                Model
                    .Input(8)
                    .Dense(8)
                    .Sigmoid()
                    .Tanh()
                    .Relu()
                    .LeakyRelu()
                    .Prelu()
                    .Elu()
                    .Gelu()
                    .Maxout(2)
                    .BatchNorm()
                    .LayerNorm()
                    .GroupNorm(2)
                    .Dropout(0.5)

            Expect.equal
                (names model)
                [
                    "dense1"
                    "sigmoid1"
                    "tanh1"
                    "relu1"
                    "leakyrelu1"
                    "prelu1"
                    "elu1"
                    "gelu1"
                    "maxout1"
                    "batchnorm1"
                    "layernorm1"
                    "groupnorm1"
                    "dropout1"
                ]
                "names"

            let same' =
                layered [ 8 ] [
                    dense 8
                    sigmoid
                    tanh
                    relu
                    leakyRelu 0.01
                    preluLayer
                    elu 1.0
                    gelu
                    maxout 2
                    batchNorm
                    layerNorm
                    groupNorm 2
                    dropout 0.5
                ]

            Expect.isTrue (model = same') "the same model"

        testCase "a layer whose parameters are another's is numbered as what it is"
        <| fun () ->
            let model =
                Model.Input(4).Then(fun x -> x.Linear(4, "a")).Then(fun x -> x.Linear(4, "a"))

            Expect.equal (names model) [ "a"; "add1" ] "names"
            Expect.equal [ for stage in model.Stages -> stage.Parameters.Length ] [ 2; 0 ] "parameters"

        testCase "a name that is taken is refused"
        <| fun () ->
            Expect.throwsC (fun () -> Model.Input(4).Then("head", id).Then("head", id) |> ignore) (fun ex ->
                Expect.equal
                    (Mistakes.text ex)
                    "model: a stage's name must be its own; the model already has \"head\". Choose another."
                    "the text")

        testCase "an input alone has none, a graph that was written out is one"
        <| fun () ->
            Expect.isEmpty (names (Model.Input 4)) "none"
            let x = Expr.Input("x", shape [ 2; 3 ])
            let model = Model(x, x.Dense(3).Relu())
            Expect.equal (names model) [ "dense1" ] "one"
            Expect.equal (names (model.Dense 2)) [ "dense1"; "dense2" ] "and what follows"

        testCase "they stay in another dtype, and models are equal by what they compute"
        <| fun () ->
            let exact = net.WithDType DType.F64
            Expect.equal (names exact) (names net) "names"
            Expect.equal (string exact.Stages[4]) "maxpool1 : f64[N,4,4,4]" "f64"
            let written = Model(net.Source, net.Output)
            Expect.equal written net "equal"
            Expect.notEqual (net.Relu()) net "longer"

        testCase "in F#, of a list of layers"
        <| fun () ->
            let model = layered [ 784 ] [ dense 8; relu; dense 10 ]
            Expect.equal (names model) [ "dense1"; "relu1"; "dense2" ] "names"
            Expect.isTrue (model = Model.Input(784).Dense(8).Relu().Dense(10)) "the same model"
    ]
