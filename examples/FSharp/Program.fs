/// The two-layer net of CS231n as an F# pipeline, on 10,000 pictures of clothing, with ReLU and with a gate of one's own.
module Cv.Examples.FSharp.Program

open System.Reflection
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime

/// A gate of one's own is a line: x / (1 + exp -x), called swish by Ramachandran, Zoph and Le. Its derivative follows from the formula.
let ownSwish = Gate.Define("swish", fun (x: float32) -> x / (1.0f + exp -x))

/// A function of whole tensors is a function: its gradient follows from its parts'.
let unitLength (x: Expr) =
    x / sqrt (sumAlong [ 1 ] (x * x) + 1e-12)

/// Prints the gate's slope at a point, by the gradient's graph and by central differences.
let checkSlope (gate: Expr -> Expr) (at: float) =
    let x = inputOf DType.F64 "x" []

    let run (y: Expr) (at: float) =
        let x = Binding("x", Tensor.From(Shape.Scalar, [| at |]))
        (Seq.head (Compile.Function(y).Call x)).Item()

    let y, h = gate x, 1e-5
    let difference = (run y (at + h) - run y (at - h)) / (2.0 * h)
    printfn $"slope at {at, 4:F1}: {run (Gradient.Of(y, x)[0]) at, 12:F9} by the gradient, {difference, 12:F9} by differences"

let twoLayer gate =
    model [ 28; 28; 1 ] (flatten >> dense 256 >> gate >> dense 10)

let train (net: Model) (images: TrainTest) epochs =
    let loss scores labels = scores |> softmaxCrossEntropy labels
    let program = Training.Compile(net, loss, adam 5e-4, metrics = [ Metric.Accuracy ])
    let scaling = Scaling.MeanImage images.Train
    let state = program.Initialise 1UL
    use batches = new Batches(images.Train, 128, scaling, 1UL)
    use test = new Batches(images.Test, 500, scaling)
    let options = TrainingOptions(Epochs = epochs)
    let trainer = Trainer(program.Step, program.Evaluate, options)
    trainer.Train(state, batches, progress = ConsoleProgress()) |> ignore
    Evaluation.Of(program.Evaluate, state, test).Metrics["accuracy"]

let embedded part =
    let file kind =
        Assembly.GetExecutingAssembly().GetManifestResourceStream $"{part}-{kind}-ubyte.gz"
        |> nonNull

    Idx.Read(file "images-idx3", file "labels-idx1", $"fashion-mnist {part}", FashionMnist.ClassNames)

/// The two-layer net with three gates on the images inside this program, and each lesson of the course on a few of them.
let onEmbedded quick =
    let epochs, count = if quick then 1, 1000 else 15, 10_000
    let images = TrainTest((embedded "train").Take count, embedded "t10k")
    printfn $"{ownSwish}, its derivative {ownSwish.Derivative()}"
    [ -2.0; 0.0; 1.5 ] |> List.iter (checkSlope (apply ownSwish))

    for name, gate in [ "relu", relu; "swish", apply ownSwish; "swish of unit length", apply ownSwish >> unitLength ] do
        printfn $"\n{name}"
        printfn $"test accuracy {100.0 * train (twoLayer gate) images epochs:F2} %%"

    if quick then
        for lesson in Lessons.all do
            printfn $"\n{lesson.Name}"
            lesson |> Lessons.run 2 images |> ignore

/// `--lesson NAME --data-dir DIR` runs a lesson on its full data; nothing, or `--quick`, what is above.
[<EntryPoint>]
let main args =
    match args with
    | [| "--lesson"; name; "--data-dir"; root |] ->
        match Lessons.all |> List.tryFind (fun lesson -> lesson.Name = name) with
        | Some lesson ->
            Lessons.onFullData root lesson
            0
        | None ->
            let names = Lessons.all |> List.map _.Name |> String.concat ", "
            eprintfn $"error: --lesson must be one of {names}; got {name}."
            2
    | _ ->
        Xor.run ()
        onEmbedded (Array.contains "--quick" args)
        0
