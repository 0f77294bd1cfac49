using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

var model = Model.Input(2).Dense(8).Tanh().Dense(2);
var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Adam(0.05), metrics: [Metric.Accuracy]);
using var state = program.Initialise(seed: 1);
var x = Tensor.From([4, 2], [0f, 0f, 0f, 1f, 1f, 0f, 1f, 1f]);
var labels = Tensor.From([0, 1, 1, 0]);
for (int step = 0; step <= 100; step++)
{
    var figures = program.Step.Call(state, new("x", x), new("labels", labels));
    if (step % 25 == 0)
        Console.WriteLine($"step {step, 3}: loss {figures[0].Item():F4}, accuracy {figures[1].Item():F2}");
}
