namespace Cv.Dsl;

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Tanh"/>
    public static Model Tanh(this Model model) => model.ThenVerb("tanh", Tanh);

    /// <inheritdoc cref="Dsl.Sigmoid"/>
    public static Model Sigmoid(this Model model) => model.ThenVerb("sigmoid", Sigmoid);
}
