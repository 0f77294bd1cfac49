namespace Cv.Reporting;

/// <summary>Keeps the course of one figure of a run, the loss or a metric: over mini-batches, over epochs, and of the validation set.</summary>
/// <param name="name">The figure's name.</param>
/// <param name="isFraction">Says that it is shown as per cent.</param>
sealed class Figure(string name, bool isFraction)
{
    public string Name => name;
    public Curve Steps { get; } = new();
    public Curve Training { get; } = new();
    public Curve Validation { get; } = new();

    public FigureCurves Copy() => new(name, isFraction, Steps.Copy(), Training.Copy(), Validation.Copy());
}

/// <summary>Holds a copy of a figure's course.</summary>
sealed record FigureCurves(string Name, bool IsFraction, CurvePoints Steps, CurvePoints Training, CurvePoints Validation);
