module Cv.Tests.ProgressTests

open System
open System.IO
open Cv.Runtime
open Cv.Tests.FakeTraining
open Expecto

[<Tests>]
let tests =
    let ended epoch validation =
        EpochEnded(epoch, 0.43215, measured 0.849, validation, 61234.5, TimeSpan.FromSeconds 1.0, TimeSpan.FromSeconds(3.2 * float epoch))

    let show interactive (events: TrainingEvent list) =
        use output = new StringWriter()
        let progress = ConsoleProgress(output, interactive)

        for event in events do
            progress.Report event

        output.ToString()

    let step =
        StepTaken(1, 3L, 0.5, measured 0.75, 0.6, measured 0.7, 1000.0, TimeSpan.FromSeconds 75.0)

    testList "Console progress" [
        testCase "redirected: a line for each epoch, and the reason if it ends early"
        <| fun () ->
            let events: TrainingEvent list = [
                TrainingStarted(12, 3, 10)
                step
                ended 1 null
                ended 2000 (Evaluation(0.5, measured 1.0, 10))
                TrainingStopped(StopReason.Cancelled, 2, 7L, TimeSpan.Zero)
            ]

            Expect.equal
                (show false events)
                ("epoch  1/12  loss 0.4322  accuracy 84.90 %  61235 images/s  0:04 left\n"
                 + "epoch 2000/12  loss 0.4322  accuracy 84.90 %  validation 0.5000, 100.00 %  61235 images/s  1:46:40 left\n"
                 + "cancelled after step 7 (2 epochs finished)\n")
                "the text"

        testCase "each early end has its words"
        <| fun () ->
            let line reason =
                show false [ TrainingStopped(reason, 2, 7L, TimeSpan.Zero) ]

            Expect.equal (line StopReason.Completed) "" "completed"
            Expect.equal (line StopReason.NoImprovement) "stopped after epoch 2: the validation loss falls no lower\n" "early"
            Expect.equal (line StopReason.NotFinite) "stopped after step 7: the loss is not finite\n" "not finite"
            Expect.equal (line StopReason.Failed) "stopped after step 7 by an error\n" "failed"

        testCase "in a terminal: the bar goes away, the lines stay, the cursor comes back"
        <| fun () ->
            let text =
                show true [ TrainingStarted(12, 3, 10); step; ended 1 null; TrainingStopped(StopReason.Completed, 1, 3L, TimeSpan.Zero) ]

            Expect.stringContains text "epoch  1/12  loss 0.4322  accuracy 84.90 %  61235 images/s  0:04 left" "the line"
            Expect.isTrue (text.LastIndexOf "\u001b[?25h" > text.LastIndexOf "\u001b[?25l") "cursor shown last"
    ]
