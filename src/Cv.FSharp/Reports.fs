namespace Cv.FSharp

open Cv.Dsl
open Cv.Reporting
open Cv.Runtime

/// Shows runs as pages: `run |> writeReport "softmax.html" [ confusionMatrix program.Predict state tested ]`. A live one is of Cv.Report.Live: `use page = LivePage.Serve(run, 8080)`.
[<AutoOpen>]
module Reports =
    /// Makes what listens to a training for its page, and shows it on the console: `trainer.Train(state, batches, progress = recordRun "softmax")`.
    let recordRun name = RunRecorder(name, ConsoleProgress())

    /// Makes what listens to a training, and draws a schedule's learning rate too.
    let recordRunWith (rate: Schedule) name =
        RunRecorder(name, ConsoleProgress(), LearningRate = fun step -> rate.At step)

    /// Writes down a fact at the head of the page: `run |> note "seed" "1"`.
    let note name value (run: RunRecorder) =
        run.Note(name, value)
        run

    /// Writes the page of a run as one file.
    let writeReport file (sections: Section list) (run: RunRecorder) =
        Report.Write(file, run, List.toArray sections)

    /// Shows which classes are taken for which.
    let confusionMatrix (predict: IFunction) state data =
        ConfusionMatrix(predict, state, data) :> Section

    /// Shows pictures that were classified wrongly, and hardly rightly.
    let predictedPictures (predict: IFunction) state data images =
        PredictedPictures(predict, state, data, images) :> Section

    /// Shows the weights of a linear classifier as images: `weightTemplates state "dense1.w" train.SampleShape train.ClassNames`.
    let weightTemplates state weights image names =
        WeightTemplates(state, weights, image, names) :> Section

    /// Shows the filters of a convolutional layer: `filters state "conv1.w"`.
    let filters state weights = Filters(state, weights) :> Section

    /// Shows how the weights of each layer are spread.
    let weightHistograms (state: ModelState) = Histograms state :> Section
