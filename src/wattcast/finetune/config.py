"""Settings of fine-tuning and of the gate."""

from pydantic import Field

from wattcast.contracts import Config


class FinetuneConfig(Config):
    """How the model in use is fine-tuned on new rows, and what a fine-tuned one must show to replace it."""

    incremental_training: bool = Field(
        False, description="train fine-tunes the model in use instead of starting anew")
    finetune_lr_ratio: float = Field(0.5, gt=0, description="learning rate of fine-tuning / that of training")
    finetune_epochs: int = Field(20, ge=1, description="epochs at most")
    finetune_patience: int = Field(15, ge=1, description="epochs without a better validation loss before it stops")
    freeze_backbone_layers: int = Field(0, ge=0, description="encoder layers, from the first, that stay as they are")
    freeze: tuple[str, ...] = Field((), description="shell patterns of parameter names that stay as they are")
    finetune_batches: int = Field(16, ge=1, description="batches in an epoch, half as large as those of training")
    replay_share: float = Field(0.8, ge=0, lt=1, description="share of each batch that is drawn from older windows")
    recent_days: int = Field(56, ge=2, description="newest days that the rest of a batch is drawn from")
    stop_days: int = Field(4, ge=1, description="days before the gate's that tell when to stop")
    gate_days: int = Field(7, ge=1, description="newest days, never fitted on, that decide between the models")
    gate_origins: int = Field(5, ge=1, description="origins, a day apart, without which the gate does not decide")
    gate_margin: float = Field(0.02, ge=0, lt=1, description="share by which the error must fall")
    guard_tolerance: float = Field(0.05, ge=0, description="share by which the error on the older period may rise")
    coverage_tolerance: float = Field(0.1, ge=0, description="what the 80 % band may lose of its coverage")
    due_error_ratio: float = Field(
        1.25, gt=0, description="recent error / error at the evaluation from which an update is due")
    due_drift: float = Field(
        0.5, gt=0, description="how far, in standard deviations, a column's mean must leave its range to be a drift")
