/// Lessons of the course as F# values: what a lesson is stands in a record, and what a model is in a pipeline.
module Cv.Examples.FSharp.Lessons

open System.IO
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime

type Lesson = {
    Name: string
    /// What others reached on the test images, and where it stands.
    Published: string
    /// The folder of its data, and what reads it.
    Folder: string
    Read: string -> TrainTest
    /// The model, from the shape of an image and the number of classes.
    Model: int list -> int -> Model
    /// The loss, from labels and scores.
    Loss: Expr -> Expr -> Expr
    /// The optimiser of a training of so many steps.
    Optimiser: int64 -> Optimiser
    Penalty: float
    Epochs: int
    Batch: int
}

/// A linear classifier: with small weights its loss starts near ln 10.
let softmaxClassifier = {
    Name = "softmax"
    Published = "38 % (CS231n assignment 1)"
    Folder = "cifar10"
    Read = Cifar10.Read
    Model = linearClassifier
    Loss = softmaxCrossEntropy
    Optimiser = linearRate 0.02 0.0 >> momentumAt
    Penalty = 5e-4
    Epochs = 15
    Batch = 128
}

/// The same scores under the hinges of a multiclass SVM, which pull harder: a tenth of the rate.
let svm = {
    softmaxClassifier with
        Name = "svm"
        Loss = multiclassSvm
        Optimiser = linearRate 0.002 0.0 >> momentumAt
}

/// One hidden layer of 256 ReLU units.
let twoLayer = {
    softmaxClassifier with
        Name = "two-layer"
        Published = "52 % of validation images (CS231n assignment 1)"
        Model = fun image classes -> model image (flatten >> dense 256 >> relu >> dense classes)
        Optimiser = linearRate 0.025 0.0 >> momentumAt
}

/// LeNet-5 on digits that are shifted by up to two pixels.
let leNet = {
    Name = "lenet5"
    Published = "99.05 % (LeCun's table)"
    Folder = "mnist"
    Read = Mnist.Read
    Model =
        fun image classes ->
            let stage filters padding =
                paddedConv padding filters 5 >> relu >> maxPool 2

            model
                image
                (randomShift 2
                 >> stage 6 (Padding.Of 2)
                 >> stage 16 Padding.Valid
                 >> flatten
                 >> dense 120
                 >> relu
                 >> dense 84
                 >> relu
                 >> dense classes)
    Loss = softmaxCrossEntropy
    Optimiser = oneCycle 2e-3 >> adamAt
    Penalty = 1e-5
    Epochs = 15
    Batch = 64
}

let all = [ softmaxClassifier; svm; twoLayer; leNet ]

/// Trains on the training images, and gives the accuracy on the test images, 0 to 1.
let run epochs (images: TrainTest) (lesson: Lesson) =
    let image = [ for axis in 0 .. images.Train.SampleShape.Rank - 1 -> images.Train.SampleShape[axis].Value ]
    let net = lesson.Model image images.Train.ClassNames.Length
    let scaling = Scaling.MeanImage images.Train
    use batches = new Batches(images.Train, lesson.Batch, scaling, 1UL)
    use tested = new Batches(images.Test, 500, scaling)

    let program =
        Training.Compile(
            net,
            (fun scores labels -> lesson.Loss labels scores),
            lesson.Optimiser(int64 epochs * int64 batches.Count),
            (fun w -> lesson.Penalty * w.L2()),
            metrics = [ Metric.Accuracy ]
        )

    use state = program.Initialise 1UL

    let trainer =
        Trainer(program.Step, program.Evaluate, TrainingOptions(Epochs = epochs))

    trainer.Train(state, batches, progress = ConsoleProgress()) |> ignore
    Evaluation.Of(program.Evaluate, state, tested).Metrics["accuracy"]

/// Runs a lesson on its full data, which lie in a folder inside `root`, and prints the published figure beside ours.
let onFullData root (lesson: Lesson) =
    let accuracy =
        lesson |> run lesson.Epochs (lesson.Read(Path.Combine(root, lesson.Folder)))

    printfn $"{lesson.Name}: {100.0 * accuracy:F2} %% of the test images; published {lesson.Published}"
