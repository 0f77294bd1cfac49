namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Gives the model without its last stages: what is left of a trained net when its head is taken off. Stages are what the verbs appended (<see cref="Model.Stages"/>).</summary>
    /// <param name="model">The model.</param>
    /// <param name="stages">The stages that go, from 1 to all.</param>
    /// <example><code>Model body = net.Truncate(1);   // without its last dense layer</code></example>
    /// <exception cref="GraphException">The model has fewer stages, or none would go.</exception>
    public static Model Truncate(this Model model, int stages = 1)
    {
        ArgumentNullException.ThrowIfNull(model);
        return stages >= 1 && stages <= model.Links.Length
            ? model.First(model.Links.Length - stages)
            : throw new GraphException(
                $"truncate: the stages that go must be from 1 to {model.Links.Length}; got {stages} of {StageNames(model)}. Take others."
            );
    }

    /// <summary>Gives what comes before a stage of the model: an embedding, or the body for another head.</summary>
    /// <param name="model">The model.</param>
    /// <param name="stage">The stage's name, as <see cref="Model.Stages"/> and the summary have it.</param>
    /// <example><code>Model features = net.Before("dense2");   // a row for each image, to be learnt from again</code></example>
    /// <exception cref="GraphException">The model has no stage of the name.</exception>
    public static Model Before(this Model model, string stage)
    {
        ArgumentNullException.ThrowIfNull(model);
        var stages = model.Stages;
        for (int i = 0; i < stages.Length; i++)
            if (stages[i].Name == stage)
                return model.Truncate(stages.Length - i);
        throw new GraphException(
            $"before: the stage must be one of the model's; got \"{stage}\" for {StageNames(model)}. Take one of these."
        );
    }

    /// <summary>
    /// Gives the model with another head, for other classes: without its last stages, and with what the function appends. The body's parameters keep their names,
    /// so a trained state fits it by name (CS231n notes, "Transfer Learning and Fine-tuning Convolutional Neural Networks").
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="head">Appends the new head.</param>
    /// <param name="stages">The stages that go, from 1 to all.</param>
    /// <example><code>
    /// var tuned = net.ReplaceHead(body => body.Dense(5, name: "head"));
    /// var program = Training.Compile(tuned, Verbs.SoftmaxCrossEntropy, Optimiser.Adam(1e-3), frozen: net.Truncate().Has);
    /// using var state = program.Initialise(seed: 1);
    /// Console.WriteLine(state.CopyMatching(pretrained));
    /// </code></example>
    /// <exception cref="GraphException">The model has fewer stages, or none would go.</exception>
    public static Model ReplaceHead(this Model model, Func<Model, Model> head, int stages = 1)
    {
        ArgumentNullException.ThrowIfNull(head);
        return head(model.Truncate(stages));
    }

    static string StageNames(Model model) =>
        model.Links.IsEmpty ? "a model without stages" : ErrorText.List(model.Stages.Select(s => s.Name));
}
