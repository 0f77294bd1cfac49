/// Graphs of one example, batched: each op, over every choice of what differs by example, against the examples one by one.
module Cv.Tests.VmapTests

open System
open System.Collections.Generic
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Cases
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private isInput (node: Expr) =
    match node.Op with
    | :? Input -> true
    | _ -> false

let private inputs (y: Expr) =
    Evaluate.named [ y ] |> List.distinct |> List.filter (snd >> isInput)

/// Each subset of the inputs that is not empty, told by the bits of a number.
let private subset (number: int) items =
    let mask = 1 + number % ((1 <<< List.length items) - 1)

    items
    |> List.indexed
    |> List.filter (fun (i, _) -> mask >>> i &&& 1 = 1)
    |> List.map snd

/// The numbers of one example of what is batched, and those that all share.
let private example (batched: Set<string>) size at (bindings: (string * float[]) list) =
    bindings
    |> List.map (fun (name, values: float[]) ->
        if batched.Contains name then
            let each = values.Length / size
            name, values[at * each .. (at + 1) * each - 1]
        else
            name, values)

let private close (a: float) (b: float) =
    a.Equals b || abs (a - b) <= 1e-12 * max 1.0 (max (abs a) (abs b))

/// A batch of `extent` is what its examples are, whichever inputs differ; the extent is given as a number, or as a symbol that is bound after.
let private check (extent: Dim) size seed (y: Expr) =
    match inputs y with
    | [] -> ()
    | all ->
        let chosen = subset seed all
        let batched = set (List.map fst chosen)
        let batch = Vmap.Of(y, extent, [| for _, node in chosen -> node |])
        Expect.equal batch.Type (TensorType(y.DType, shapeOf (extent :: List.ofArray (y.Shape.Dims.ToArray())))) "type"
        let bound = batch.Bind(dict [ "N", size ] |> Dictionary)
        let bindings = Evaluate.randomBindings seed [ bound ]

        let expected =
            Array.concat [ for at in 0 .. size - 1 -> Evaluate.value (example batched size at bindings) y ]

        Expect.isTrue
            (Array.forall2 close (Evaluate.value bindings bound) expected)
            $"%A{List.map fst chosen} differ in\n{Evaluate.text [ y ]}\nwhich became\n{Evaluate.text [ bound ]}"

let private isRight name (cases: Gen<Expr>) =
    let config = { FsCheckConfig.defaultConfig with maxTest = 40 }

    testPropertyWithConfig
        config
        name
        (Prop.forAll (Arb.zip (Arb.fromGen (Gen.map Case cases), seed)) (fun (case, seed) -> check (Dim 3) 3 seed case.Y))

/// Ops of shapes that the batch may join as a symbol: all but windows over several images, numbers drawn by steps that differ, and a state's next value, which may not differ.
let private bySymbol =
    testList "by a symbol" [
        for op in Catalogue.ops do
            if
                not (Catalogue.isNamed op)
                && op <> typeof<Uniform>
                && op <> typeof<Remember>
                && op <> typeof<Custom>
                && not (op.IsSubclassOf typeof<Convolution>)
                && not (op.IsSubclassOf typeof<Pooling>)
            then
                testCase (Catalogue.nameOf op)
                <| fun () ->
                    for sample in Catalogue.samples op do
                        for choice in 0..6 do
                            check (Dim "N") 2 choice (sample.WithDType DType.F64)

        testCase "images of one example each"
        <| fun () ->
            let x = Expr.Input("x", shape [ 1; 5; 4; 2 ], DType.F64)

            let filters =
                Expr.Literal(shape [ 3; 3; 2; 3 ], List.head (numbers 1 [ 54 ]), DType.F64)

            let net =
                x.Conv2d(filters, padding = Padding.Same).Relu().MaxPool2d(Window(2, 2), Window 2)

            check (Dim "N") 3 0 net
    ]

/// How many nodes of a kind a graph has.
let private count<'op> (y: Expr) =
    Expr.Nodes y |> Seq.filter (fun node -> box node.Op :? 'op) |> Seq.length

let private structure =
    testList "structure" [
        testCase "only numbers drawn by steps that differ, and code of one's own, are computed one by one"
        <| fun () ->
            let unrolled = [
                for op in Catalogue.ops do
                    if
                        not (Catalogue.isNamed op)
                        && op <> typeof<Concat>
                        && op <> typeof<Remember>
                        && op <> typeof<Pack>
                        && op <> typeof<Part>
                    then
                        for sample in Catalogue.samples op do
                            match inputs sample with
                            | [] -> ()
                            | all ->
                                if count<Concat>(Vmap.Of(sample, Dim 3, [| for _, node in all -> node |])) > 0 then
                                    Catalogue.nameOf op
            ]

            Expect.sequenceEqual (List.distinct unrolled) [ "custom"; "uniform" ] "ops that grow with the batch"

        testCase "rows that share the weights are one product"
        <| fun () ->
            let x = Expr.Input("x", shape [ 1; 4 ])
            let w = Expr.Parameter("w", shape [ 4; 3 ])
            let batch = Vmap.Of(x.MatMul w, Dim "N", x)
            let product = Expr.Nodes batch |> Seq.find (fun node -> node.Op :? MatMul)
            Expect.equal (product.ToString()) "matmul : f32[N,3]" "not a batch of products"

        testCase "what the examples share is computed once"
        <| fun () ->
            let x = Expr.Input("x", shape [ 3 ])
            let w = Expr.Parameter("w", shape [ 3 ])
            let batch = Vmap.Of(x * w.Exp(), Dim "N", x)
            let shared = Expr.Nodes batch |> Seq.find (fun node -> node.Op :? Exp)
            Expect.equal shared.Type w.Type "without the axis"

        testCase "what does not differ is repeated"
        <| fun () ->
            let x, s = Expr.Input("x", shape []), Expr.Input("s", shape [ 2 ])
            Expect.equal (Vmap.Of(s, Dim "N", x).ToString()) "broadcast [N,2] : f32[N,2]" "the batch"

        testCase "of no examples"
        <| fun () ->
            let x = Expr.Input("x", shape [ 2 ], DType.F64)
            let step = Expr.Input("step", shape [], DType.I32)
            let noisy = x + Expr.Uniform(shape [ 2 ], step, 1u, DType.F64)
            Expect.equal (Vmap.Of(noisy, Dim 0, x, step).Shape) (shape [ 0; 2 ]) "the shape"

        testCase "of a batch, again"
        <| fun () ->
            let x = Expr.Input("x", shape [ 4 ], DType.F64)
            let w = Expr.Input("w", shape [ 4; 3 ], DType.F64)
            let one = x.Reshape(1, 4).MatMul(w).Softmax().Reshape(3)
            check (Dim 2) 2 0 (Vmap.Of(one, Dim 5, x))
            check (Dim 2) 2 1 (Vmap.Of(one, Dim 5, x))
            check (Dim 2) 2 2 (Vmap.Of(one, Dim 5, x))
    ]

/// A classifier of one image, with its loss, as a person would write it; the batch of it is what the library's layers make of batches.
let private wholes =
    let image = Expr.Input("image", shape [ 6 ], DType.F64)
    let label = Expr.Input("label", shape [], DType.I32)
    let w = Expr.Input("w", shape [ 6; 3 ], DType.F64)
    let ofOne = -image.Reshape(1, 6).MatMul(w).Reshape(3).LogSoftmax().Pick label

    let images = Expr.Input("image", shape [ 4; 6 ], DType.F64)
    let labels = Expr.Input("label", shape [ 4 ], DType.I32)

    let bindings = Evaluate.randomBindings 7 [ images; labels; w ]
    let values (y: Expr) = Evaluate.value bindings y

    let near what a b =
        Expect.isTrue (Array.forall2 close a b) what

    testList "wholes" [
        testCase "the mean of the losses is the loss of the batch"
        <| fun () ->
            let losses = Vmap.Of(ofOne, Dim 4, image, label)
            Expect.equal losses.Type (TensorType(DType.F64, shape [ 4 ])) "one for each"
            near "mean" (values (losses.Mean())) (values (images.MatMul(w).SoftmaxCrossEntropy labels))

        testCase "the mean of the gradients is the gradient of the mean, and each is its example's"
        <| fun () ->
            let gradients = Vmap.Of(Gradient.Of(ofOne, w)[0], Dim 4, image, label)
            Expect.equal gradients.Shape (shape [ 4; 6; 3 ]) "one for each"
            let whole = Gradient.Of(images.MatMul(w).SoftmaxCrossEntropy labels, w)[0]
            near "mean" (values (gradients.Mean 0)) (values whole)

        testCase "it compiles by a symbol"
        <| fun () ->
            let losses = Vmap.Of(ofOne, Dim "N", image, label)
            let gradients = Vmap.Of(Gradient.Of(ofOne, w)[0], Dim "N", image, label)
            let bound = Dictionary(dict [ "N", 4 ])
            let outputs = [ losses.Bind bound; gradients.Bind bound ]
            let compiled = Run.compiled VectorWidth.Bits256 2 outputs bindings
            Expect.isTrue (Run.near 1e-12 compiled (Run.interpreted outputs bindings)) "as interpreted"

        testCase "a gradient of a batch is the batch of the gradient"
        <| fun () ->
            let losses = Vmap.Of(ofOne, Dim 4, image, label)
            let there = Gradient.Of(losses.Sum(), images)[0]
            let back = Vmap.Of(Gradient.Of(ofOne, image)[0], Dim 4, image, label)
            near "images" (values there) (values back)
    ]

let private errors =
    let x = x [ 3 ]
    let state = Expr.State("s", shape [ 3 ])

    refusals "errors" [
        "a batch of what is no input",
        (fun () -> Vmap.Of(x.Sin(), Dim "N", x.Sin())),
        "vmap: what differs by example must be an input, to be given a batch of; got sin : f32[3]. Give a dictionary from nodes to their batches?"

        "a batch of nothing",
        (fun () -> Vmap.Of(x, Dim "N")),
        "vmap: some node must differ by example; got none. Name the inputs that get the axis."

        "a batch without its axis",
        (fun () -> Vmap.Of(x.Sin(), dict [ x, x ] |> Dictionary)),
        "vmap: a batch must be of its node's type with a leading axis, the same for all; got f32[3] for input \"x\" : f32[3]. Reshape or cast it."

        "numbers of steps that differ, by a symbol",
        (fun () ->
            let step = Expr.Input("step", shape [], DType.I32)
            Vmap.Of(Expr.Uniform(shape [ 2 ], step, 1u), Dim "N", step)),
        "vmap: an op without a rule for batches is computed example by example, so the batch must be known; got uniform key 00000001 : f32[2] and N examples. Give a number."

        "filters that differ, by a symbol",
        (fun () ->
            let w = Expr.Input("w", shape [ 3; 3; 1; 2 ])
            Vmap.Of((typed DType.F32 [ 1; 5; 5; 1 ]).Conv2d w, Dim "N", w)),
        "vmap: an op without a rule for batches is computed example by example, so the batch must be known; got conv2d 3x3 : f32[1,3,3,2] and N examples. Give a number."

        "a state that would differ",
        (fun () -> Vmap.Of(x.Remember(state, x), Dim "N", x)),
        "vmap: the examples must leave a state one next value; got remember : f32[3], whose next value differs by example. Average over the batch, outside of the batched graph."
    ]

[<Tests>]
let tests =
    testList "vmap" [
        testList "ops" [
            for op, cases in differentiable @ others do
                yield!
                    cases
                    |> List.mapi (fun i cases -> isRight (if i = 0 then op.Name else $"{op.Name} {i + 1}") cases)
        ]
        bySymbol
        structure
        wholes
        errors
    ]
